//! The output buffer, and how values are written as Solidity ABI.
//!
//! Results, refusals, events and outgoing calls are all written here, one after the other: each is
//! handed to the host before the next begins.

use stylus_sdk::alloy_primitives::{Address, FixedBytes, U256};

use crate::CAPACITY;

/// A buffer that is filled from the front. What would not fit empties it; no answer of a contract comes
/// near its end.
#[derive(Debug)]
pub struct Out {
    /// The bytes; the first `len` count.
    bytes: [u8; CAPACITY],
    /// How many bytes are written.
    len: usize,
}

impl Out {
    /// An empty buffer.
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], len: 0 }
    }

    /// Empties the buffer.
    pub(crate) const fn clear(&mut self) {
        self.len = 0;
    }

    /// What is written.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends bytes as they are.
    #[inline(never)]
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            *to = *from;
        }
        self.len = self.len.saturating_add(bytes.len());
    }

    /// Appends a word.
    #[inline(never)]
    pub(crate) fn word(&mut self, word: &[u8; 32]) {
        let rest = self.bytes.get_mut(self.len..).unwrap_or_default();
        if let Some(room) = rest.first_chunk_mut() {
            *room = *word;
        }
        self.len = self.len.saturating_add(32);
    }

    /// Appends four 64-bit limbs, the highest first.
    #[inline(never)]
    pub(crate) fn limbs(&mut self, limbs: [u64; 4]) {
        let mut word = [0; 32];
        for (to, limb) in word.as_chunks_mut().0.iter_mut().zip(limbs) {
            *to = limb.to_be_bytes();
        }
        self.word(&word);
    }

    /// Appends a number as one word.
    #[inline(never)]
    pub(crate) fn number(&mut self, value: u128) {
        let mut word = [0; 32];
        if let Some(low) = word.last_chunk_mut() {
            *low = value.to_be_bytes();
        }
        self.word(&word);
    }

    /// Appends zeros up to a whole number of words since `start`.
    fn pad(&mut self, start: usize) {
        while self.len.wrapping_sub(start) & 31 != 0 {
            self.raw(&[0]);
        }
    }

    /// Writes, into the word at `at`, how far the end is from `start`.
    fn point(&mut self, at: usize, start: usize) {
        let distance = self.len.wrapping_sub(start);
        let word = at.saturating_add(28);
        let bytes = u32::try_from(distance).unwrap_or(u32::MAX).to_be_bytes();
        for (to, from) in self.bytes.iter_mut().skip(word).zip(bytes) {
            *to = from;
        }
    }
}

/// A value that can be written as Solidity ABI.
pub trait Put {
    /// Whether its length depends on its value, so that it stands behind the others and an offset
    /// stands in its place.
    const DYNAMIC: bool = false;

    /// Appends the value: its words, or for dynamic values their count and then their words.
    fn put(&self, out: &mut Out);
}

impl<T: Put> Put for &T {
    const DYNAMIC: bool = T::DYNAMIC;

    fn put(&self, out: &mut Out) {
        (**self).put(out);
    }
}

/// [`Put`] for integers.
macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Put for $ty {
            fn put(&self, out: &mut Out) {
                out.number(u128::from(*self));
            }
        }
    )*};
}

integers!(bool, u8, u16, u32, u64, u128);

impl Put for U256 {
    fn put(&self, out: &mut Out) {
        let [a, b, c, d] = *self.as_limbs();
        out.limbs([d, c, b, a]);
    }
}

impl Put for Address {
    fn put(&self, out: &mut Out) {
        out.word(&self.into_word().0);
    }
}

impl<const N: usize> Put for FixedBytes<N> {
    fn put(&self, out: &mut Out) {
        let mut word = [0; 32];
        for (to, from) in word.iter_mut().zip(self.0) {
            *to = from;
        }
        out.word(&word);
    }
}

/// `bytes`.
#[derive(Clone, Copy, Debug)]
pub struct Blob<'a>(pub &'a [u8]);

impl Put for Blob<'_> {
    const DYNAMIC: bool = true;

    fn put(&self, out: &mut Out) {
        self.0.len().put_len(out);
        let start = out.len;
        out.raw(self.0);
        out.pad(start);
    }
}

/// An array of values that are not dynamic themselves.
#[derive(Clone, Debug)]
pub struct List<I>(pub I);

impl<I: Iterator<Item: Put> + Clone> Put for List<I> {
    const DYNAMIC: bool = true;

    fn put(&self, out: &mut Out) {
        self.0.clone().count().put_len(out);
        for item in self.0.clone() {
            item.put(out);
        }
    }
}

/// Lengths are written as words.
trait PutLen {
    /// Appends a length.
    fn put_len(&self, out: &mut Out);
}

impl PutLen for usize {
    fn put_len(&self, out: &mut Out) {
        u32::try_from(*self).unwrap_or(u32::MAX).put(out);
    }
}

/// [`Put`] for tuples: heads, then the dynamic ones in order.
macro_rules! tuples {
    ($(($($name:ident $at:tt),*))*) => {$(
        impl<$($name: Put),*> Put for ($($name,)*) {
            const DYNAMIC: bool = false $(|| $name::DYNAMIC)*;

            fn put(&self, out: &mut Out) {
                let start = out.len;
                let heads = [$(head(&self.$at, out)),*];
                let mut head = heads.iter();
                $(if let Some(at) = head.next() && $name::DYNAMIC {
                    out.point(*at, start);
                    self.$at.put(out);
                })*
            }
        }
    )*};
}

/// Writes a value, or the room for its offset; returns where.
fn head<T: Put>(value: &T, out: &mut Out) -> usize {
    let at = out.len;
    if T::DYNAMIC {
        out.number(0);
    } else {
        value.put(out);
    }
    at
}

tuples! {
    (A 0)
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

impl Put for () {
    fn put(&self, _: &mut Out) {}
}

#[cfg(test)]
mod tests;
