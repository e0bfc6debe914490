//! The output buffer, and encoding of values as Solidity ABI.
//!
//! Return values, revert data, events and outgoing calls share one buffer: each is passed to the host
//! before the next is written.

use stylus_sdk::alloy_primitives::{Address, FixedBytes, U256};

use crate::OUTPUT_CAPACITY;

/// An append-only buffer of [`OUTPUT_CAPACITY`] bytes. After an overflow it is empty instead of truncated.
#[derive(Debug)]
pub struct OutputBuffer {
    /// The bytes; the first `len` are written.
    bytes: [u8; OUTPUT_CAPACITY],
    /// Number of bytes written, also of those that did not fit.
    len: usize,
}

impl OutputBuffer {
    /// An empty buffer.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; OUTPUT_CAPACITY], len: 0 }
    }

    /// Empties the buffer.
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// The written bytes; empty after an overflow.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends bytes unchanged.
    #[inline(never)]
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        let rest = self.bytes.get_mut(self.len..).unwrap_or_default();
        rest.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Appends a word.
    #[inline(never)]
    pub(crate) fn push_word(&mut self, word: &[u8; 32]) {
        let rest = self.bytes.get_mut(self.len..).unwrap_or_default();
        if let Some(to) = rest.first_chunk_mut() {
            *to = *word;
        }
        self.len = self.len.saturating_add(32);
    }

    /// Appends a word given as four 64-bit limbs, the highest first.
    #[inline(never)]
    pub fn push_limbs(&mut self, limbs: [u64; 4]) {
        let mut word = [0; 32];
        for (to, limb) in word.as_chunks_mut().0.iter_mut().zip(limbs) {
            *to = limb.to_be_bytes();
        }
        self.push_word(&word);
    }

    /// Appends a number as a word.
    #[inline(never)]
    pub(crate) fn push_number(&mut self, value: u128) {
        let mut word = [0; 32];
        if let Some(low) = word.last_chunk_mut() {
            *low = value.to_be_bytes();
        }
        self.push_word(&word);
    }

    /// Pads with zeros to a whole number of words since `start`.
    fn pad_to_word(&mut self, start: usize) {
        while self.len.wrapping_sub(start) & 31 != 0 {
            self.push_bytes(&[0]);
        }
    }

    /// Writes the distance from `start` to the end into the word at `at`.
    fn write_offset(&mut self, at: usize, start: usize) {
        let distance = self.len.wrapping_sub(start);
        let word = at.saturating_add(28);
        let bytes = u32::try_from(distance).unwrap_or(u32::MAX).to_be_bytes();
        for (to, from) in self.bytes.iter_mut().skip(word).zip(bytes) {
            *to = from;
        }
    }
}

/// A type that can be encoded as Solidity ABI.
pub trait AbiEncode {
    /// Whether the type is dynamic in the sense of the ABI: an offset in the head, the value in the tail.
    const DYNAMIC: bool = false;

    /// Appends the value: its words; for arrays and `bytes` the length first.
    fn encode(&self, out: &mut OutputBuffer);
}

impl<T: AbiEncode> AbiEncode for &T {
    const DYNAMIC: bool = T::DYNAMIC;

    fn encode(&self, out: &mut OutputBuffer) {
        (**self).encode(out);
    }
}

/// Implements [`AbiEncode`] for integers.
macro_rules! impl_encode_for_integers {
    ($($ty:ty),*) => {$(
        impl AbiEncode for $ty {
            fn encode(&self, out: &mut OutputBuffer) {
                out.push_number(u128::from(*self));
            }
        }
    )*};
}

impl_encode_for_integers!(bool, u8, u16, u32, u64, u128);

impl AbiEncode for U256 {
    fn encode(&self, out: &mut OutputBuffer) {
        let [a, b, c, d] = *self.as_limbs();
        out.push_limbs([d, c, b, a]);
    }
}

impl AbiEncode for Address {
    fn encode(&self, out: &mut OutputBuffer) {
        out.push_word(&self.into_word().0);
    }
}

impl<const N: usize> AbiEncode for FixedBytes<N> {
    fn encode(&self, out: &mut OutputBuffer) {
        let mut word = [0; 32];
        for (to, from) in word.iter_mut().zip(self.0) {
            *to = from;
        }
        out.push_word(&word);
    }
}

/// A `bytes` value.
#[derive(Clone, Copy, Debug)]
pub struct AbiBytes<'a>(pub &'a [u8]);

impl AbiEncode for AbiBytes<'_> {
    const DYNAMIC: bool = true;

    fn encode(&self, out: &mut OutputBuffer) {
        self.0.len().encode_len(out);
        let start = out.len;
        out.push_bytes(self.0);
        out.pad_to_word(start);
    }
}

/// An array of static values, encoded from an iterator, which is cloned to count first.
#[derive(Clone, Debug)]
pub struct AbiArray<I>(pub I);

impl<I: Iterator<Item: AbiEncode> + Clone> AbiEncode for AbiArray<I> {
    const DYNAMIC: bool = true;

    fn encode(&self, out: &mut OutputBuffer) {
        self.0.clone().count().encode_len(out);
        for item in self.0.clone() {
            item.encode(out);
        }
    }
}

/// Encoding of lengths.
trait EncodeLen {
    /// Appends a length as a word.
    fn encode_len(&self, out: &mut OutputBuffer);
}

impl EncodeLen for usize {
    fn encode_len(&self, out: &mut OutputBuffer) {
        u32::try_from(*self).unwrap_or(u32::MAX).encode(out);
    }
}

/// Implements [`AbiEncode`] for tuples: heads, then the tails in order.
macro_rules! impl_encode_for_tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: AbiEncode),*> AbiEncode for ($($name,)*) {
            const DYNAMIC: bool = false $(|| $name::DYNAMIC)*;

            fn encode(&self, out: &mut OutputBuffer) {
                let start = out.len;
                let heads = [$(encode_head(&self.$at, out)),*];
                let mut head = heads.iter();
                $(if let Some(at) = head.next() && $name::DYNAMIC {
                    out.write_offset(*at, start);
                    self.$at.encode(out);
                })*
            }
        }
    )*};
}

/// Writes the head of a value: the value, or a placeholder for its offset. Returns its position.
fn encode_head<T: AbiEncode>(value: &T, out: &mut OutputBuffer) -> usize {
    let at = out.len;
    if T::DYNAMIC {
        out.push_number(0);
    } else {
        value.encode(out);
    }
    at
}

impl_encode_for_tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

impl AbiEncode for () {
    fn encode(&self, _: &mut OutputBuffer) {}
}

#[cfg(test)]
mod tests;
