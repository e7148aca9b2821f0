//! Turns a core module, as C and Rust compilers produce, into a component, so that authors need no other tool. The contract
//! is embedded in this program; no file is read.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata, metadata};
use wit_parser::Resolve;

use super::templates::CONTRACT;

/// Only a notification rule exports this function. Compilers keep the names of exports.
const MAIL: &[u8] = b"campus:rules/notification-route@";

pub fn is_core_module(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm\x01\0\0\0")
}

/// The error says why it cannot become a component.
pub fn of_core_module(core: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error| {
        let hint = if format!("{error:#}").contains("import") {
            "; a rule cannot import functions, so it cannot print, read files or ask for the time"
        } else {
            ""
        };
        format!("cannot turn this module into a component: {error:#}{hint}")
    };
    let mut core = core.to_vec();
    // A module built with wit-bindgen already names its world.
    let (described, _) = metadata::decode(&core).map_err(failed)?;
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
            .map_err(failed)?;
    }
    ComponentEncoder::default()
        .validate(true)
        .module(&core)
        .and_then(|mut encoder| encoder.encode())
        .map_err(failed)
}
