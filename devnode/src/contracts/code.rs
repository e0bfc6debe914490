//! The code of a program, from the module that the compiler wrote.

use std::{io::Write, ops::Range};

use brotlic::{BrotliEncoderOptions, CompressorWriter, Quality, WindowSize};
use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};

use super::{Address, DeployError};
use crate::exec::MAX_CODE;

/// First bytes of a whole program without a dictionary.
const WHOLE: [u8; 4] = [0xef, 0xf0, 0x00, 0x00];

/// First bytes of a fragment.
const FRAGMENT: [u8; 3] = [0xef, 0xf0, 0x01];

/// First bytes of a root whose stream needs no dictionary.
const ROOT: [u8; 4] = [0xef, 0xf0, 0x02, 0x00];

/// A compressed program.
#[derive(Debug)]
pub(super) struct ProgramCode {
    /// The compressed stream.
    stream: Vec<u8>,
    /// Bytes of the module.
    wasm_len: u32,
}

impl ProgramCode {
    /// Prepares a module as cargo-stylus does: without custom sections and without traces of reference
    /// types, at the best compression.
    ///
    /// # Errors
    /// If it is no module.
    pub(super) fn new(module: &[u8]) -> Result<Self, DeployError> {
        let not_wasm = |why: &dyn ToString| DeployError::NotWasm(why.to_string().into());
        let text = wasmprinter::print_bytes(module).map_err(|why| not_wasm(&why))?;
        let wasm = wat::parse_str(text).map_err(|why| not_wasm(&why))?;
        let wasm = without_custom_sections(&wasm).map_err(|why| not_wasm(&why))?;
        let stream = compress(&wasm).map_err(|why| not_wasm(&why))?;
        Ok(Self { stream, wasm_len: u32::try_from(wasm.len()).unwrap_or(u32::MAX) })
    }

    /// Bytes of the code of a whole program.
    pub(super) const fn size(&self) -> usize {
        self.stream.len().saturating_add(WHOLE.len())
    }

    /// The code of a whole program; `None` if it is too large for an account.
    pub(super) fn whole(&self) -> Option<Vec<u8>> {
        (self.size() <= MAX_CODE).then(|| [&WHOLE, self.stream.as_slice()].concat())
    }

    /// The codes of the fragments.
    pub(super) fn fragments(&self) -> impl Iterator<Item = Vec<u8>> {
        let pieces = self.stream.chunks(MAX_CODE.saturating_sub(FRAGMENT.len()));
        pieces.map(|piece| [&FRAGMENT, piece].concat())
    }

    /// The code of the root of these fragments.
    pub(super) fn root(&self, fragments: &[Address]) -> Vec<u8> {
        let addresses: Vec<u8> = fragments.iter().flat_map(|address| address.0).collect();
        [&ROOT, self.wasm_len.to_be_bytes().as_slice(), &addresses].concat()
    }
}

/// The init code that creates an account with this code.
pub(super) fn init_code(code: &[u8]) -> Vec<u8> {
    let length = u32::try_from(code.len()).unwrap_or(u32::MAX).to_be_bytes();
    // PUSH4 length, DUP1, PUSH1 14, PUSH0, CODECOPY, PUSH0, RETURN.
    let tail = [0x80, 0x60, 14, 0x5f, 0x39, 0x5f, 0xf3];
    [&[0x63], length.as_slice(), &tail, &[0, 0], code].concat()
}

/// The module without its custom sections.
fn without_custom_sections(wasm: &[u8]) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
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
    Ok(clean.finish())
}

/// The module at the best compression.
fn compress(wasm: &[u8]) -> std::io::Result<Vec<u8>> {
    let encoder = BrotliEncoderOptions::new()
        .quality(Quality::best())
        .window_size(WindowSize::new(22).map_err(std::io::Error::other)?)
        .build()
        .map_err(std::io::Error::other)?;
    let mut writer = CompressorWriter::with_encoder(encoder, Vec::new());
    writer.write_all(wasm)?;
    writer.into_inner().map_err(|why| std::io::Error::other(why.to_string()))
}
