//! Makes a component of a core module, which is what the compilers of C and Rust leave: an author needs no further tool.
//! It knows the contract from what is embedded here and looks at no file.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata, metadata};
use wit_parser::Resolve;

use super::templates::CONTRACT;

/// A function that only a rule about mail exports; a compiler writes exported names as they are.
const MAIL: &[u8] = b"campus:rules/notification-route@";

pub fn is_core_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// Fails with why none can be made of it.
pub fn of_core_module(core: &[u8]) -> Result<Vec<u8>, String> {
    let told = |error| {
        let hint = if format!("{error:#}").contains("import") {
            "; a rule may import nothing, so it cannot print, read files or ask for the time"
        } else {
            ""
        };
        format!("no component can be made of it: {error:#}{hint}")
    };
    let mut core = core.to_vec();
    // What wit-bindgen made for Rust says itself which world it is of.
    let (described, _) = metadata::decode(&core).map_err(told)?;
    if described.is_none() {
        let mut contract = Resolve::default();
        let mail = core.windows(MAIL.len()).any(|name| name == MAIL);
        let world = if mail { "notification" } else { "eligibility" };
        let (path, text) = CONTRACT;
        contract
            .push_str(path, text)
            .and_then(|package| contract.select_world(&[package], Some(world)))
            .and_then(|world| {
                embed_component_metadata(&mut core, &contract, world, StringEncoding::UTF8)
            })
            .map_err(told)?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .map_err(told)
}
