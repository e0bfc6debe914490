//! The test component.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// Makes a component of `test.wat`, whose interfaces are in `test.wit`.
pub(crate) fn encode() -> Vec<u8> {
    let mut module = wat::parse_str(include_str!("test.wat")).unwrap();
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", include_str!("test.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("component")).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}
