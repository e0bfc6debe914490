//! The code of an account that is a Stylus program: its prefix and its packing.
//!
//! Whether such a program is activated, and under which parameters, the chain knows.

use std::io::Read;

use brotli::Decompressor;

/// First bytes of the code of every program.
const PREFIX: [u8; 3] = [0xef, 0xf0, 0x00];

/// Bytes that the decompressor reads at once.
const CHUNK: usize = 4096;

/// Why code holds no wasm. All of these are plain reverts without data on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeError {
    /// The prefix is missing.
    #[error("specified bytecode is not a Stylus program")]
    NotAProgram,
    /// The byte after the prefix names a dictionary that does not exist.
    #[error("unsupported dictionary {0}")]
    UnknownDictionary(u8),
    /// Dictionary 1: it exists on Nitro, but is not part of this chain.
    #[error("the built-in dictionary is not available on this chain")]
    BuiltInDictionary,
    /// The rest is not a brotli stream.
    #[error("failed decompression")]
    BadStream,
    /// The wasm has more bytes than the chain allows.
    #[error("failed decompression: more than {0} bytes")]
    TooLarge(usize),
}

/// Whether a call of this code runs wasm instead of EVM opcodes.
#[must_use]
pub fn is_program(code: &[u8]) -> bool {
    code.len() > PREFIX.len() && code.starts_with(&PREFIX)
}

/// The wasm in the code of a program, at most `max_size` bytes. Bytes after the brotli stream are
/// ignored.
///
/// # Errors
/// See [`CodeError`].
pub fn decode(code: &[u8], max_size: usize) -> Result<Vec<u8>, CodeError> {
    let body = code.strip_prefix(&PREFIX).ok_or(CodeError::NotAProgram)?;
    match body.split_first().ok_or(CodeError::NotAProgram)? {
        (0, stream) => unpack(stream, max_size),
        (1, _) => Err(CodeError::BuiltInDictionary),
        (&other, _) => Err(CodeError::UnknownDictionary(other)),
    }
}

/// Unpacks a brotli stream of at most `max_size` bytes.
fn unpack(stream: &[u8], max_size: usize) -> Result<Vec<u8>, CodeError> {
    let mut wasm = Vec::new();
    let bound = u64::try_from(max_size).unwrap_or(u64::MAX).saturating_add(1);
    Decompressor::new(stream, CHUNK)
        .take(bound)
        .read_to_end(&mut wasm)
        .map_err(|_| CodeError::BadStream)?;
    if wasm.len() > max_size { Err(CodeError::TooLarge(max_size)) } else { Ok(wasm) }
}
