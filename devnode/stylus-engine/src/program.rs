//! Decoding of account code that is a Stylus program: prefix and compression.
//!
//! Whether a program is activated, and with which parameters, is recorded by the chain.

use std::io::Read;

use brotli::Decompressor;

/// Prefix of the code of every program.
const STYLUS_PREFIX: [u8; 3] = [0xef, 0xf0, 0x00];

/// Bytes that the decompressor reads at a time.
const DECOMPRESSOR_BUFFER: usize = 4096;

/// Why code cannot be decoded to wasm. On chain, each of these is a revert without data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The prefix is missing.
    #[error("specified bytecode is not a Stylus program")]
    NotAProgram,
    /// The byte after the prefix names an unknown dictionary.
    #[error("unsupported dictionary {0}")]
    UnknownDictionary(u8),
    /// Dictionary 1, which Nitro has and this crate does not.
    #[error("the built-in dictionary is not available on this chain")]
    BuiltInDictionary,
    /// The rest is not a valid brotli stream.
    #[error("failed decompression")]
    InvalidStream,
    /// The wasm has more bytes than the chain allows.
    #[error("failed decompression: more than {0} bytes")]
    TooLarge(usize),
}

/// Whether a call of this code runs wasm instead of EVM opcodes.
#[must_use]
pub fn is_program(code: &[u8]) -> bool {
    code.len() > STYLUS_PREFIX.len() && code.starts_with(&STYLUS_PREFIX)
}

/// Decompresses the wasm of a program; at most `max_size` bytes. Bytes after the brotli stream are
/// ignored.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(code: &[u8], max_size: usize) -> Result<Vec<u8>, DecodeError> {
    let body = code.strip_prefix(&STYLUS_PREFIX).ok_or(DecodeError::NotAProgram)?;
    match body.split_first().ok_or(DecodeError::NotAProgram)? {
        (0, stream) => decompress(stream, max_size),
        (1, _) => Err(DecodeError::BuiltInDictionary),
        (&other, _) => Err(DecodeError::UnknownDictionary(other)),
    }
}

/// Decompresses a brotli stream of at most `max_size` bytes.
fn decompress(stream: &[u8], max_size: usize) -> Result<Vec<u8>, DecodeError> {
    let mut wasm = Vec::new();
    let bound = u64::try_from(max_size).unwrap_or(u64::MAX).saturating_add(1);
    Decompressor::new(stream, DECOMPRESSOR_BUFFER)
        .take(bound)
        .read_to_end(&mut wasm)
        .map_err(|_| DecodeError::InvalidStream)?;
    if wasm.len() > max_size { Err(DecodeError::TooLarge(max_size)) } else { Ok(wasm) }
}

#[cfg(test)]
mod tests {
    use super::{DecodeError, decode, is_program};

    /// A stored brotli block with the bytes "wasm", and the end of the stream.
    const STREAM: [u8; 8] = [0x8b, 0x01, 0x80, b'w', b'a', b's', b'm', 0x03];

    /// Code with this dictionary byte after the prefix.
    fn code(dictionary: u8, stream: &[u8]) -> Vec<u8> {
        [&[0xef, 0xf0, 0x00, dictionary], stream].concat()
    }

    #[test]
    fn a_program_has_the_prefix_and_a_byte_more() {
        assert!(is_program(&[0xef, 0xf0, 0x00, 0x07]));
        assert!(!is_program(&[0xef, 0xf0, 0x00]));
        assert!(!is_program(&[0xef, 0xf0, 0x01, 0x00]));
    }

    #[test]
    fn the_stream_is_decompressed() {
        assert_eq!(decode(&code(0, &STREAM), 4).as_deref(), Ok(&b"wasm"[..]));
    }

    #[test]
    fn bytes_after_the_stream_are_ignored() {
        let stream = [&STREAM[..], &[1, 2, 3]].concat();
        assert_eq!(decode(&code(0, &stream), 4).as_deref(), Ok(&b"wasm"[..]));
    }

    #[test]
    fn one_byte_too_many_is_refused() {
        assert_eq!(decode(&code(0, &STREAM), 3), Err(DecodeError::TooLarge(3)));
    }

    #[test]
    fn other_code_is_refused() {
        assert_eq!(decode(&[0x60, 0x00], 9), Err(DecodeError::NotAProgram));
        assert_eq!(decode(&[0xef, 0xf0, 0x00], 9), Err(DecodeError::NotAProgram));
    }

    #[test]
    fn a_broken_stream_is_refused() {
        assert_eq!(decode(&code(0, &STREAM[..5]), 9), Err(DecodeError::InvalidStream));
        assert_eq!(decode(&code(0, &[]), 9), Err(DecodeError::InvalidStream));
    }

    #[test]
    fn other_dictionaries_are_refused() {
        assert_eq!(decode(&code(1, &STREAM), 9), Err(DecodeError::BuiltInDictionary));
        assert_eq!(decode(&code(2, &STREAM), 9), Err(DecodeError::UnknownDictionary(2)));
    }
}
