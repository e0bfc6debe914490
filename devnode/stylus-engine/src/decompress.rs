//! Decompression of the wasm of a program.

use std::io::Read;

use brotli::Decompressor;

use crate::program::DecodeError;

/// Bytes that the decompressor reads at a time.
const DECOMPRESSOR_BUFFER: usize = 4096;

/// Length of the stand-ins for the Stylus dictionary. It is longer than any distance by which a
/// stream can refer to that dictionary or, behind it, to brotli's own.
const STAND_IN_LEN: usize = 1 << 20;

/// Decompresses a brotli stream of at most `max_size` bytes; bytes after the stream are ignored.
///
/// This crate does not have the Stylus dictionary, dictionary 1. A stream that refers to no
/// dictionary decodes to the same bytes with any; two stand-ins tell the others apart.
pub(crate) fn decompress(
    dictionary: u8,
    stream: &[u8],
    max_size: usize,
) -> Result<Vec<u8>, DecodeError> {
    match dictionary {
        0 => decompress_with(Vec::new(), stream, max_size),
        1 => {
            let wasm = decompress_with(vec![0x00; STAND_IN_LEN], stream, max_size)?;
            let again = decompress_with(vec![0xff; STAND_IN_LEN], stream, max_size)?;
            if wasm == again { Ok(wasm) } else { Err(DecodeError::StylusDictionary) }
        }
        other => Err(DecodeError::UnknownDictionary(other)),
    }
}

/// Decompresses a stream with this dictionary.
fn decompress_with(
    dictionary: Vec<u8>,
    stream: &[u8],
    max_size: usize,
) -> Result<Vec<u8>, DecodeError> {
    let mut wasm = Vec::new();
    let bound = u64::try_from(max_size).unwrap_or(u64::MAX).saturating_add(1);
    Decompressor::new_with_custom_dict(stream, DECOMPRESSOR_BUFFER, dictionary.into())
        .take(bound)
        .read_to_end(&mut wasm)
        .map_err(|_| DecodeError::InvalidStream)?;
    if wasm.len() > max_size { Err(DecodeError::TooLarge(max_size)) } else { Ok(wasm) }
}
