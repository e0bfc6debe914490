//! Code of accounts that belongs to Stylus: what it is, and its wasm.
//!
//! Whether a program is activated, and with which parameters, is recorded by the chain.

use wasmparser::Parser;

use crate::{StylusVersion, decompress::decompress};

pub use crate::fragments::{Root, fragment_body, max_read_gas, read_gas};

/// First bytes of all code of Stylus; the next one tells its kind.
const PREFIX: [u8; 2] = [0xef, 0xf0];

/// A kind of code that belongs to Stylus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeKind {
    /// A whole program.
    Whole,
    /// A piece of a compressed program, which does not run by itself. Since version 3.
    Fragment,
    /// A list of fragments, which runs like a whole program. Since version 3.
    Root,
}

impl CodeKind {
    /// The kind of code; `None` if it does not belong to Stylus in this version.
    #[must_use]
    pub fn of(code: &[u8], version: StylusVersion) -> Option<Self> {
        let kinds = match version {
            StylusVersion::V2 => &[Self::Whole][..],
            StylusVersion::V3 => &[Self::Whole, Self::Fragment, Self::Root][..],
        };
        kinds.iter().copied().find(|kind| kind.body(code).is_some_and(|body| !body.is_empty()))
    }

    /// The code without the prefix of this kind; `None` if it has another.
    pub(crate) fn body(self, code: &[u8]) -> Option<&[u8]> {
        let tag = match self {
            Self::Whole => 0,
            Self::Fragment => 1,
            Self::Root => 2,
        };
        code.strip_prefix(&PREFIX)?.strip_prefix(&[tag])
    }
}

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
    /// The stream refers to the Stylus dictionary, which this crate does not have, or to brotli's
    /// own behind it.
    #[error("the Stylus dictionary is not available on this chain")]
    StylusDictionary,
    /// The rest is not a valid brotli stream.
    #[error("failed decompression")]
    InvalidStream,
    /// The wasm has more bytes than the chain allows, or than the root states.
    #[error("failed decompression: more than {0} bytes")]
    TooLarge(usize),
    /// The wasm has fewer bytes than the root states.
    #[error("failed decompression: not as long as the root states")]
    WrongLength,
    /// The code of a root is too short, or its addresses are not whole.
    #[error("malformed root of a program in fragments")]
    MalformedRoot,
    /// The root lists more fragments than the chain allows.
    #[error("{0} fragments are too many")]
    TooManyFragments(usize),
    /// The code of an account that a root lists is no fragment.
    #[error("not a fragment")]
    NotAFragment,
}

/// Whether a call of this code runs wasm instead of EVM opcodes.
#[must_use]
pub fn is_program(code: &[u8], version: StylusVersion) -> bool {
    matches!(CodeKind::of(code, version), Some(CodeKind::Whole | CodeKind::Root))
}

/// Decompresses the wasm of a whole program; at most `max_size` bytes. Bytes after the brotli stream
/// are ignored.
///
/// # Errors
/// See [`DecodeError`].
pub fn decode(code: &[u8], max_size: usize) -> Result<Vec<u8>, DecodeError> {
    let body = CodeKind::Whole.body(code).ok_or(DecodeError::NotAProgram)?;
    let (&dictionary, stream) = body.split_first().ok_or(DecodeError::NotAProgram)?;
    decompress(dictionary, stream, max_size)
}

/// Whether two modules differ in nothing but custom sections, such as the names of functions. False
/// if one of them is malformed.
#[must_use]
pub fn is_same_code(left: &[u8], right: &[u8]) -> bool {
    code_sections(left).is_some_and(|sections| Some(sections) == code_sections(right))
}

/// All sections but custom ones, with their ids; `None` if the module is malformed.
fn code_sections(wasm: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut sections = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Some((id, range)) = payload.ok()?.as_section()
            && id != 0
        {
            let [start, end] = [range.start, range.end].map(usize::try_from);
            sections.push((id, wasm.get(start.ok()?..end.ok()?)?));
        }
    }
    Some(sections)
}

#[cfg(test)]
mod tests {
    use super::{CodeKind, DecodeError, decode, is_program, is_same_code};
    use crate::StylusVersion;

    /// A stored brotli block with the bytes "wasm", and the end of the stream.
    const STREAM: [u8; 8] = [0x8b, 0x01, 0x80, b'w', b'a', b's', b'm', 0x03];

    /// Code with this dictionary byte after the prefix.
    fn code(dictionary: u8, stream: &[u8]) -> Vec<u8> {
        [&[0xef, 0xf0, 0x00, dictionary], stream].concat()
    }

    #[test]
    fn code_has_the_prefix_and_a_byte_more() {
        let of = |kind, version| CodeKind::of(&[0xef, 0xf0, kind, 0x07], version);
        let [v2, v3] = [StylusVersion::V2, StylusVersion::V3];
        assert_eq!(
            [0, 1, 2, 3].map(|kind| of(kind, v2)),
            [Some(CodeKind::Whole), None, None, None]
        );
        assert_eq!(
            [0, 1, 2, 3].map(|kind| of(kind, v3)),
            [Some(CodeKind::Whole), Some(CodeKind::Fragment), Some(CodeKind::Root), None]
        );
        assert_eq!([0, 1, 2].map(|kind| CodeKind::of(&[0xef, 0xf0, kind], v3)), [None; 3]);
    }

    #[test]
    fn names_are_no_code() {
        let [named, unnamed, other] = [
            "(func $f (i32.const 1) drop)",
            "(func (i32.const 1) drop)",
            "(func (i32.const 2) drop)",
        ]
        .map(|function| wat::parse_str(format!("(module {function})")).unwrap());
        assert_ne!(named, unnamed);
        assert!(is_same_code(&named, &unnamed));
        assert!(!is_same_code(&named, &other));
        assert!(!is_same_code(&named[..9], &named[..9]), "malformed");
    }

    #[test]
    fn fragments_do_not_run() {
        let runs = [0, 1, 2].map(|kind| is_program(&[0xef, 0xf0, kind, 0], StylusVersion::V3));
        assert_eq!(runs, [true, false, true]);
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
    fn an_unknown_dictionary_is_refused() {
        assert_eq!(decode(&code(2, &STREAM), 9), Err(DecodeError::UnknownDictionary(2)));
    }

    #[test]
    fn the_stylus_dictionary_is_needed_only_by_streams_that_refer_to_it() {
        assert_eq!(decode(&code(1, &STREAM), 9).as_deref(), Ok(&b"wasm"[..]));
        let mut stream = Vec::new();
        let text = b"the time of the information which is available for the government";
        let params = brotli::enc::BrotliEncoderParams::default();
        brotli::BrotliCompress(&mut &text[..], &mut stream, &params).unwrap();
        assert_eq!(decode(&code(0, &stream), 99).as_deref(), Ok(&text[..]));
        let refused = decode(&code(1, &stream), 1 << 20).unwrap_err();
        let kinds = [DecodeError::StylusDictionary, DecodeError::InvalidStream];
        assert!(kinds.contains(&refused), "{refused}");
    }
}
