//! Decodes calldata in place, word by word, without copies.
//!
//! Decoding is strict: a word with any bit outside its type, or calldata that ends too early, reverts
//! with `MalformedCall` and the number of the word. Bytes after the arguments are ignored.

use stylus_sdk::alloy_primitives::{Address, FixedBytes, U256};

use crate::wire::{Reverted, malformed_call};

/// A cursor over the argument words of a call.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    /// The calldata after the selector.
    data: &'static [u8],
    /// Offset of the next word.
    offset: usize,
    /// Position from which ABI offsets count.
    base: usize,
}

impl Args {
    /// A cursor at the start of `data`, the calldata after the selector.
    #[must_use]
    pub const fn new(data: &'static [u8]) -> Self {
        Self { data, offset: 0, base: 0 }
    }

    /// Decodes the next value.
    ///
    /// # Errors
    /// `MalformedCall` with the number of the word that is missing or not a value of this type.
    #[expect(clippy::should_implement_trait, reason = "generic over the type of the value")]
    pub fn next<T: AbiDecode>(&mut self) -> Result<T, Reverted> {
        T::decode(self)
    }

    /// The next word, undecoded.
    #[inline(never)]
    fn word(&mut self) -> Result<&'static [u8; 32], Reverted> {
        let rest = self.data.get(self.offset..).unwrap_or_default();
        let word = rest.first_chunk().ok_or_else(|| self.malformed())?;
        self.offset = self.offset.wrapping_add(32);
        Ok(word)
    }

    /// Reverts for the next word.
    fn malformed(&self) -> Reverted {
        malformed_call(u32::try_from(self.offset >> 5).unwrap_or(u32::MAX))
    }

    /// Reverts for the previous word.
    fn malformed_previous<T>(mut self) -> Result<T, Reverted> {
        self.offset = self.offset.wrapping_sub(32);
        Err(self.malformed())
    }

    /// Decodes the next word as a number of at most `bits` bits.
    #[inline(never)]
    fn number(&mut self, bits: u32) -> Result<u128, Reverted> {
        let word = self.word()?;
        let high = word.first_chunk().map_or(0, |high| u128::from_be_bytes(*high));
        let low = word.last_chunk().map_or(0, |low| u128::from_be_bytes(*low));
        let excess = low.checked_shr(bits).unwrap_or(0) != 0;
        if excess || high != 0 { self.malformed_previous() } else { Ok(low) }
    }

    /// The tail of a dynamic argument: a cursor after its length, and the length, which must not exceed
    /// `most`.
    #[inline(never)]
    fn tail(&mut self, most: u32) -> Result<(Self, usize), Reverted> {
        let offset = usize::try_from(self.number(32)?).unwrap_or(usize::MAX);
        let mut tail = Self { offset: self.base.saturating_add(offset), ..*self };
        let count = tail.number(32)?;
        if count > most.into() {
            tail.malformed_previous()
        } else {
            Ok((tail, usize::try_from(count).unwrap_or(0)))
        }
    }

    /// Decodes a `bytes` argument of at most `most` bytes.
    ///
    /// # Errors
    /// `MalformedCall` if it is longer or truncated.
    pub fn bytes(&mut self, most: u32) -> Result<&'static [u8], Reverted> {
        let (tail, len) = self.tail(most)?;
        let rest = tail.data.get(tail.offset..).unwrap_or_default();
        rest.get(..len).ok_or_else(|| tail.malformed())
    }

    /// Decodes the length of an array argument of at most `most` values; the iterator decodes the values.
    ///
    /// # Errors
    /// `MalformedCall` if it is longer or its length is missing.
    pub fn array<T: AbiDecode>(&mut self, most: u32) -> Result<ArrayItems<T>, Reverted> {
        let (tail, len) = self.tail(most)?;
        Ok(ArrayItems { args: tail, len, kind: core::marker::PhantomData })
    }
}

/// An iterator over an array argument that decodes each value when it is taken. A copy iterates again from
/// the same position.
#[derive(Clone, Copy, Debug)]
pub struct ArrayItems<T> {
    /// Cursor at the next value.
    args: Args,
    /// Values left.
    len: usize,
    /// Their type.
    kind: core::marker::PhantomData<T>,
}

impl<T> ArrayItems<T> {
    /// Number of values left.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether no value is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<T: AbiDecode> Iterator for ArrayItems<T> {
    type Item = Result<T, Reverted>;

    fn next(&mut self) -> Option<Self::Item> {
        self.len = self.len.checked_sub(1)?;
        Some(self.args.next())
    }
}

/// A type that can be decoded from calldata.
pub trait AbiDecode: Sized {
    /// Decodes a value and moves the cursor behind it.
    ///
    /// # Errors
    /// `MalformedCall` with the number of the word that is missing or not a value of this type.
    fn decode(args: &mut Args) -> Result<Self, Reverted>;
}

/// Implements [`AbiDecode`] for integers.
macro_rules! impl_decode_for_integers {
    ($($ty:ty),*) => {$(
        impl AbiDecode for $ty {
            fn decode(args: &mut Args) -> Result<Self, Reverted> {
                args.number(Self::BITS).map(|value| Self::try_from(value).unwrap_or(Self::MAX))
            }
        }
    )*};
}

impl_decode_for_integers!(u8, u16, u32, u64, u128);

impl AbiDecode for bool {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        args.number(1).map(|value| value == 1)
    }
}

impl AbiDecode for U256 {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        let mut limbs = [0; 4];
        for (limb, bytes) in limbs.iter_mut().rev().zip(args.word()?.as_chunks().0) {
            *limb = u64::from_be_bytes(*bytes);
        }
        Ok(Self::from_limbs(limbs))
    }
}

impl AbiDecode for Address {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        let (zeros, address) = args.word()?.split_at(12);
        match address.first_chunk() {
            Some(bytes) if zeros.iter().all(|byte| *byte == 0) => Ok(Self::new(*bytes)),
            _ => args.malformed_previous(),
        }
    }
}

impl<const N: usize> AbiDecode for FixedBytes<N> {
    fn decode(args: &mut Args) -> Result<Self, Reverted> {
        let word = args.word()?;
        match word.split_first_chunk() {
            Some((bytes, zeros)) if zeros.iter().all(|byte| *byte == 0) => Ok(Self(*bytes)),
            _ => args.malformed_previous(),
        }
    }
}

#[cfg(test)]
mod tests;
