//! `componentize CORE.wasm COMPONENT.wasm`: wraps a core module, in which wit-bindgen has left its world, into a component.

use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(core), Some(component), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: componentize CORE.wasm COMPONENT.wasm".into());
    };
    let core = fs::read(core)?;
    let bytes = wit_component::ComponentEncoder::default()
        .validate(true)
        .module(&core)?
        .encode()?;
    fs::write(component, bytes)?;
    Ok(())
}
