//! Storage words as typed maps.
//!
//! A slot has the number of the map in its first byte and the key at its end. Slots are not hashed, so
//! maps cannot collide and anyone can read the layout from outside. A value is a record of one word
//! ([`Packed`]); a word never written is a record of zeros. A map itself is a zero-sized constant.

use core::marker::PhantomData;

use muster_protocol::packed::Packed;
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::host;

/// Map number `N` from keys `K` to records `T` of one word.
#[derive(Clone, Copy, Debug)]
pub struct StorageMap<const N: u8, K, T>(PhantomData<(K, T)>);

impl<const N: u8, K: StorageKey, T: Packed<32>> StorageMap<N, K, T> {
    /// The map.
    #[expect(clippy::new_without_default, reason = "a map is declared as a constant")]
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Reads the record of `key`.
    #[inline(never)]
    #[must_use]
    pub fn get(&self, key: K) -> T {
        T::read(&host::load(&Self::slot(key)))
    }

    /// Writes the record of `key`.
    #[inline(never)]
    pub fn set(&self, key: K, record: &T) {
        let mut word = [0; 32];
        record.write(&mut word);
        host::store(&Self::slot(key), &word);
    }

    /// Reads, changes and writes the record of `key`, and returns the new record.
    pub fn update(&self, key: K, change: impl FnOnce(&mut T)) -> T {
        let mut record = self.get(key);
        change(&mut record);
        self.set(key, &record);
        record
    }

    /// The slot of `key`.
    fn slot(key: K) -> [u8; 32] {
        let mut slot = [0; 32];
        key.write(&mut slot);
        let [first, ..] = &mut slot;
        *first = N;
        slot
    }
}

/// A key of a map, of at most 31 bytes.
pub trait StorageKey: Copy {
    /// Writes the key to the end of a slot.
    fn write(self, slot: &mut [u8; 32]);
}

impl StorageKey for () {
    fn write(self, _: &mut [u8; 32]) {}
}

impl StorageKey for u32 {
    fn write(self, slot: &mut [u8; 32]) {
        (0, self).write(slot);
    }
}

impl StorageKey for (u32, u32) {
    fn write(self, slot: &mut [u8; 32]) {
        if let Some(end) = slot.last_chunk_mut() {
            *end = (u64::from(self.0).wrapping_shl(32) | u64::from(self.1)).to_be_bytes();
        }
    }
}

impl StorageKey for FixedBytes<8> {
    fn write(self, slot: &mut [u8; 32]) {
        if let Some(end) = slot.last_chunk_mut() {
            *end = self.0;
        }
    }
}

impl StorageKey for Address {
    fn write(self, slot: &mut [u8; 32]) {
        if let Some(end) = slot.last_chunk_mut() {
            *end = self.into_array();
        }
    }
}
