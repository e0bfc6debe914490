//! WebAssembly modules as Stylus takes them.
//!
//! Nodes refuse raw compiler output, because the standard library was compiled with reference types
//! enabled. Printing the module as text and parsing it again drops their traces.

use std::ops::Range;

use alloy::primitives::Bytes;
use brotli::enc::BrotliEncoderParams;
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{BinaryReaderError, Parser, Payload, Validator, WasmFeatures};

use super::program_error::ProgramError;

/// The first bytes of a program's code: Stylus's mark, and "compressed without a dictionary".
pub(super) const STYLUS_PREFIX: [u8; 4] = [0xEF, 0xF0, 0x00, 0x00];

/// The features of WebAssembly that programs may use.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS);

/// Checks that a module is valid with these features.
pub(super) fn validate(wasm: &[u8]) -> Result<(), BinaryReaderError> {
    Validator::new_with_features(FEATURES).validate_all(wasm).map(drop)
}

/// Prints and parses the module again, without its custom sections, and appends the section `project_hash`,
/// which is zero because there is only the module.
pub(super) fn rewrite(module: &[u8]) -> Result<Vec<u8>, ProgramError> {
    let text = wasmprinter::print_bytes(module).map_err(|e| ProgramError::NotWasm(e.into()))?;
    let wasm = wat::parse_str(text).map_err(|e| ProgramError::NotWasm(e.into()))?;
    let mut clean = without_custom_sections(&wasm)?;
    clean.section(&CustomSection { name: "project_hash".into(), data: [0; 32].as_slice().into() });
    Ok(clean.finish())
}

/// The module as [`rewrite`] leaves it, with the names of functions, whose indices are still the same.
pub(super) fn rewrite_with_names(module: &[u8]) -> Result<Vec<u8>, ProgramError> {
    let mut named = without_custom_sections(&rewrite(module)?)?;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == "name"
        {
            named.section(&CustomSection { name: "name".into(), data: section.data().into() });
        }
    }
    Ok(named.finish())
}

/// The module without its custom sections.
pub(super) fn without_custom_sections(wasm: &[u8]) -> Result<Module, BinaryReaderError> {
    let mut clean = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, at)) = payload.as_section()
            && let (Ok(start), Ok(end)) = (at.start.try_into(), at.end.try_into())
            && let Some(data) = wasm.get::<Range<usize>>(start..end)
        {
            clean.section(&RawSection { id, data });
        }
    }
    Ok(clean)
}

/// The program's code: the prefix, and the module at the best compression.
pub(super) fn compress(wasm: &[u8]) -> Result<Bytes, ProgramError> {
    let params = BrotliEncoderParams { quality: 11, lgwin: 22, ..BrotliEncoderParams::default() };
    let mut code = STYLUS_PREFIX.to_vec();
    brotli::BrotliCompress(&mut &*wasm, &mut code, &params)
        .map_err(|e| ProgramError::NotWasm(e.into()))?;
    Ok(code.into())
}

/// The module in a program's code, without its custom sections; `None` if the code is no program.
pub(super) fn decompress(code: &[u8]) -> Option<Vec<u8>> {
    let mut wasm = Vec::new();
    let mut packed = code.strip_prefix(&STYLUS_PREFIX)?;
    brotli::BrotliDecompress(&mut packed, &mut wasm).ok()?;
    without_custom_sections(&wasm).ok().map(Module::finish)
}

/// The pages of memory that a module starts with, and the bytes of its data segments.
pub(super) fn measure(wasm: &[u8]) -> Result<(u64, usize), ProgramError> {
    let (mut pages, mut bytes) = (0_u64, 0_usize);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::MemorySection(memories) => {
                for memory in memories {
                    pages = pages.saturating_add(memory?.initial);
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    bytes = bytes.saturating_add(segment?.data.len());
                }
            }
            _ => {}
        }
    }
    Ok((pages, bytes))
}
