//! Compression, by which data for the parent chain is priced. Only the size matters.
//!
//! The size is that of the encoder of the C library, which Nitro uses: other encoders of the same format
//! find other sizes, and with them other fees.

use brotlic::{
    BrotliEncoderOptions, Quality, WindowSize,
    encode::{BrotliEncoder, BrotliOperation},
};

/// Window size in bits.
const WINDOW: u8 = 22;

/// Bytes that incompressible data may take beside the data.
const OVERHEAD: usize = 1024;

/// Size of `bytes` in bytes after compression with brotli at `level`, 0 to 11.
pub(super) fn compressed_size(bytes: &[u8], level: u8) -> u64 {
    let mut output = vec![0; bytes.len().saturating_add(OVERHEAD)];
    let size = encoder(level)
        .and_then(|mut encoder| encoder.compress(bytes, &mut output, BrotliOperation::Finish).ok());
    // The level is valid and the output is large enough, so there is a size.
    u64::try_from(size.map_or(output.len(), |size| size.bytes_written)).unwrap_or(u64::MAX)
}

/// An encoder at `level`; `None` if the level does not exist.
fn encoder(level: u8) -> Option<BrotliEncoder> {
    let (quality, window) = (Quality::new(level).ok()?, WindowSize::new(WINDOW).ok()?);
    BrotliEncoderOptions::new().quality(quality).window_size(window).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_c_library() {
        let words: Vec<String> = (0..700).map(|number| format!("{number} foxes jump; ")).collect();
        let text = words.concat();
        let sizes = [0, 1, 5, 11].map(|level| compressed_size(text.as_bytes(), level));
        assert_eq!(sizes, [2127, 923, 672, 669]);
        assert_eq!(compressed_size(&[], 1), 1);
    }
}
