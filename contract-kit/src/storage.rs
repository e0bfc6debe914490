//! Storage words as typed maps.
//!
//! A slot is the map's number, then the key, in one word: no hashing, no collisions between maps,
//! and a layout that can be read from outside with nothing but this sentence. A map takes no room
//! itself; what it holds are records of one word ([`Packed`]), and a word never written is a record
//! of zeros.

use core::marker::PhantomData;

use muster_protocol::packed::Packed;
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::host;

/// The map number `N` from keys to records.
#[derive(Clone, Copy, Debug)]
pub struct StorageMap<const N: u8, K, T>(PhantomData<(K, T)>);

impl<const N: u8, K: StorageKey, T: Packed<32>> StorageMap<N, K, T> {
    /// The map.
    #[expect(clippy::new_without_default, reason = "maps are constants")]
    #[must_use]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// The record of `key`.
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

    /// Changes the record of `key` in place and returns what it became.
    pub fn update(&self, key: K, change: impl FnOnce(&mut T)) -> T {
        let mut record = self.get(key);
        change(&mut record);
        self.set(key, &record);
        record
    }

    /// The slot of a key.
    fn slot(key: K) -> [u8; 32] {
        let mut slot = [0; 32];
        key.write(&mut slot);
        let [first, ..] = &mut slot;
        *first = N;
        slot
    }
}

/// What a map can be keyed by: at most 31 bytes.
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
