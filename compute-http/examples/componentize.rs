//! Makes a component of a core module that was built with `wit-bindgen` or `wasip2`, as `wasm-tools component new` does:
//! `componentize MODULE COMPONENT`.

use std::error::Error;
use std::fs;

use muster_compute_http::check_component;
use wit_component::ComponentEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let paths: Vec<_> = std::env::args_os().skip(1).collect();
    let [module, component] = &*paths else {
        return Err("give two files: the module, and the component to write".into());
    };
    let module = fs::read(module)?;
    let wasm = ComponentEncoder::default().module(&module)?.validate(true).encode()?;
    check_component(&wasm)?;
    Ok(fs::write(component, wasm)?)
}
