//! Programs in fragments: a root lists the accounts whose code together is the compressed wasm.

use alloy_primitives::Address;

use crate::{
    Params,
    decompress::decompress,
    program::{CodeKind, DecodeError},
};

/// Price of reading an account for the first time in a transaction, in gas.
const COLD_READ_GAS: u64 = 2600;

/// Price of reading an account again, in gas.
const WARM_READ_GAS: u64 = 100;

/// Price of a word of code, in gas.
const WORD_GAS: u64 = 3;

/// Words of the largest code of an account.
const MAX_CODE_WORDS: u64 = 768;

/// A decoded root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The dictionary of the compressed stream.
    dictionary: u8,
    /// Bytes of the wasm.
    wasm_len: usize,
    /// Accounts of the fragments, in order.
    fragments: Vec<Address>,
}

impl Root {
    /// Decodes the code of a root.
    ///
    /// # Errors
    /// [`DecodeError::MalformedRoot`].
    pub fn decode(code: &[u8]) -> Result<Self, DecodeError> {
        let body = CodeKind::Root.body(code).ok_or(DecodeError::MalformedRoot)?;
        let (&dictionary, rest) = body.split_first().ok_or(DecodeError::MalformedRoot)?;
        let (&len, addresses) = rest.split_first_chunk().ok_or(DecodeError::MalformedRoot)?;
        let (addresses, rest) = addresses.as_chunks::<20>();
        if addresses.is_empty() || !rest.is_empty() {
            return Err(DecodeError::MalformedRoot);
        }
        Ok(Self {
            dictionary,
            wasm_len: usize::try_from(u32::from_be_bytes(len)).unwrap_or(usize::MAX),
            fragments: addresses.iter().map(Address::from).collect(),
        })
    }

    /// Accounts of the fragments, in order.
    #[must_use]
    pub fn fragments(&self) -> &[Address] {
        &self.fragments
    }

    /// Checks the limits of an activation.
    ///
    /// # Errors
    /// If there are too many fragments, or if the wasm is too large.
    pub fn check(&self, params: &Params) -> Result<(), DecodeError> {
        if self.fragments.len() > params.max_fragments.into() {
            return Err(DecodeError::TooManyFragments(self.fragments.len()));
        }
        let most = usize::try_from(params.max_wasm_size).unwrap_or(usize::MAX);
        if self.wasm_len > most { Err(DecodeError::TooLarge(most)) } else { Ok(()) }
    }

    /// Decompresses the wasm. `codes` are the codes of the fragments, in order.
    ///
    /// # Errors
    /// If one is no fragment, or if the stream is not that of the stated length.
    pub fn decompress<'c>(
        &self,
        codes: impl IntoIterator<Item = &'c [u8]>,
    ) -> Result<Vec<u8>, DecodeError> {
        let mut stream = Vec::new();
        for code in codes {
            stream.extend(fragment_body(code)?);
        }
        let wasm = decompress(self.dictionary, &stream, self.wasm_len)?;
        if wasm.len() == self.wasm_len { Ok(wasm) } else { Err(DecodeError::WrongLength) }
    }
}

/// The piece of a stream that a fragment holds.
///
/// # Errors
/// [`DecodeError::NotAFragment`].
pub fn fragment_body(code: &[u8]) -> Result<&[u8], DecodeError> {
    CodeKind::Fragment.body(code).ok_or(DecodeError::NotAFragment)
}

/// Gas of reading a fragment of `len` bytes during an activation.
#[must_use]
pub fn read_gas(len: usize, cold: bool) -> u64 {
    let words = u64::try_from(len.div_ceil(32)).unwrap_or(u64::MAX);
    access_gas(cold).saturating_add(words.saturating_mul(WORD_GAS))
}

/// Gas that must be left before a fragment is read: the price of the largest one.
#[must_use]
pub const fn max_read_gas(cold: bool) -> u64 {
    access_gas(cold).saturating_add(MAX_CODE_WORDS.saturating_mul(WORD_GAS))
}

/// Gas of accessing an account.
const fn access_gas(cold: bool) -> u64 {
    if cold { COLD_READ_GAS } else { WARM_READ_GAS }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stored brotli block with the bytes "wasm", and the end of the stream.
    const STREAM: [u8; 8] = [0x8b, 0x01, 0x80, b'w', b'a', b's', b'm', 0x03];

    /// The code of a root with `fragments` fragments.
    fn root(dictionary: u8, len: u32, fragments: u8) -> Vec<u8> {
        let addresses = (1..=fragments).flat_map(|byte| Address::with_last_byte(byte).0.0);
        let head = [&[0xef, 0xf0, 0x02, dictionary], &len.to_be_bytes()[..]].concat();
        head.into_iter().chain(addresses).collect()
    }

    /// Code of fragments with these pieces of the stream.
    fn fragments<const N: usize>(pieces: [&[u8]; N]) -> Vec<Vec<u8>> {
        pieces.iter().map(|piece| [&[0xef, 0xf0, 0x01], *piece].concat()).collect()
    }

    /// Decompresses the wasm of a root with these fragments.
    fn wasm(root: &[u8], codes: &[Vec<u8>]) -> Result<Vec<u8>, DecodeError> {
        Root::decode(root)?.decompress(codes.iter().map(Vec::as_slice))
    }

    #[test]
    fn fragments_join_to_a_stream() {
        let codes = fragments([&STREAM[..3], &STREAM[3..]]);
        assert_eq!(wasm(&root(0, 4, 2), &codes).as_deref(), Ok(&b"wasm"[..]));
        assert_eq!(wasm(&root(1, 4, 2), &codes).as_deref(), Ok(&b"wasm"[..]));
        assert_eq!(wasm(&root(0, 5, 2), &codes), Err(DecodeError::WrongLength));
        assert_eq!(wasm(&root(0, 3, 2), &codes), Err(DecodeError::TooLarge(3)));
        assert_eq!(wasm(&root(2, 4, 2), &codes), Err(DecodeError::UnknownDictionary(2)));
    }

    #[test]
    fn only_fragments_are_joined() {
        let codes = [[&[0xef, 0xf0, 0x00, 0x00], &STREAM[..]].concat()];
        assert_eq!(wasm(&root(0, 4, 1), &codes), Err(DecodeError::NotAFragment));
    }

    #[test]
    fn a_root_has_whole_addresses() {
        let code = root(0, 4, 1);
        for len in 0..code.len() {
            assert_eq!(Root::decode(&code[..len]), Err(DecodeError::MalformedRoot), "{len}");
        }
        assert_eq!(code.len(), 8 + 20);
        assert!(Root::decode(&code).is_ok());
    }

    #[test]
    fn limits_are_those_of_the_parameters() {
        let params = Params { max_fragments: 2, max_wasm_size: 4, ..Params::default() };
        let check = |len, count| Root::decode(&root(0, len, count)).unwrap().check(&params);
        assert_eq!(check(4, 2), Ok(()));
        assert_eq!(check(5, 2), Err(DecodeError::TooLarge(4)));
        assert_eq!(check(4, 3), Err(DecodeError::TooManyFragments(3)));
    }

    #[test]
    fn a_read_is_charged_by_words() {
        assert_eq!(read_gas(0, true), 2600);
        assert_eq!(read_gas(33, false), 106);
        assert_eq!(max_read_gas(true), read_gas(24_576, true));
    }
}
