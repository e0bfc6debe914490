//! Numbers packed into storage words, as ArbOS packs them.

use alloy::primitives::U256;

/// Numbers packed into one word, from its high end.
#[derive(Default)]
pub(super) struct PackedFields {
    /// The word.
    pub(super) word: U256,
    /// Bits used so far.
    used: u32,
}

impl PackedFields {
    /// Unpacks `word`.
    pub(super) const fn new(word: U256) -> Self {
        Self { word, used: 0 }
    }

    /// Distance of the next field of `bits` from the low end.
    fn shift(&mut self, bits: u32) -> usize {
        self.used = self.used.saturating_add(bits);
        usize::try_from(256_u32.saturating_sub(self.used)).unwrap_or_default()
    }

    /// Unpacks the next field; zero if it does not fit the type, which cannot happen.
    pub(super) fn take<T: TryFrom<u64> + Default>(&mut self, bits: u32) -> T {
        let shift = self.shift(bits);
        let field = self.word.wrapping_shr(shift).as_limbs()[0];
        let mask = u64::MAX.checked_shr(u64::BITS.saturating_sub(bits)).unwrap_or_default();
        T::try_from(field & mask).unwrap_or_default()
    }

    /// Packs a field.
    pub(super) fn put(&mut self, bits: u32, value: impl Into<u64>) {
        let shift = self.shift(bits);
        self.word |= U256::from(value.into()).wrapping_shl(shift);
    }
}
