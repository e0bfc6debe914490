//! Hooks for storage, and the cache between a program and its storage.
//!
//! The cache lives as long as one call of a program. Writes stay in it until they are flushed; what
//! is not flushed is lost.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use super::{
    hostio::{Escape, Hostio, HostioResult},
    price,
};
use crate::StoreError;

/// Ink to load or cache a word.
const WORD_INK: u64 = price::HOSTIO_INK + 2 * price::PTR_INK;

/// Ink to load or store a transient word.
const TRANSIENT_INK: u64 = WORD_INK + price::EVM_API_INK;

/// Gas of a transient word.
const TRANSIENT_GAS: u64 = 100;

/// Gas that a miss costs besides the load.
const CACHE_MISS_GAS: u64 = 5;

/// Gas that has to be left for a load: a cold one, a miss and the last surcharge.
const LOAD_REQUIRED_GAS: u64 = 2115;

/// Gas that has to be left to cache a word.
const CACHE_REQUIRED_GAS: u64 = 2310;

/// Gas that has to be left for a flush, as for a store of the EVM.
const FLUSH_REQUIRED_GAS: u64 = 2300;

/// A word in the cache.
#[derive(Clone, Copy, Debug)]
struct StorageWord {
    /// What the program sees.
    value: B256,
    /// What the chain is known to have.
    known: Option<B256>,
}

/// Storage as one call of a program sees it.
#[derive(Debug, Default)]
pub(super) struct StorageCache {
    /// Words by key.
    words: BTreeMap<B256, StorageWord>,
    /// Loads so far.
    loads: u32,
    /// Cached writes so far.
    writes: u32,
}

impl StorageCache {
    /// Counts a load; gas of its surcharge.
    const fn count_load(&mut self) -> u64 {
        self.loads = self.loads.saturating_add(1);
        match self.loads {
            0..=32 => 0,
            33..=128 => 2,
            _ => 10,
        }
    }

    /// Counts a write; gas of its surcharge.
    const fn count_write(&mut self) -> u64 {
        self.writes = self.writes.saturating_add(1);
        match self.writes {
            0..=8 => 0,
            9..=64 => 7,
            _ => 10,
        }
    }

    /// Words that are not known to be the chain's, by key.
    fn dirty(&self) -> Vec<(B256, B256)> {
        let differs = |word: &StorageWord| word.known != Some(word.value);
        let dirty = self.words.iter().filter(|(_, entry)| differs(entry));
        dirty.map(|(key, entry)| (*key, entry.value)).collect()
    }
}

/// Loads a word, from the chain if the cache does not have it.
pub(super) fn storage_load_bytes32(hostio: &mut Hostio<'_, '_>, key: u32, to: u32) -> HostioResult {
    hostio.charge(WORD_INK)?;
    hostio.require_gas(LOAD_REQUIRED_GAS)?;
    let key = hostio.read_word(key)?;

    let host = hostio.env();
    let mut gas = host.storage_cache.count_load();
    let value = if let Some(word) = host.storage_cache.words.get(&key) {
        word.value
    } else {
        let (value, cost) = host.evm_api.load(key);
        gas = gas.saturating_add(cost).saturating_add(CACHE_MISS_GAS);
        host.storage_cache.words.insert(key, StorageWord { value, known: Some(value) });
        value
    };
    hostio.charge_gas(gas)?;
    hostio.write(to, value.as_slice())?;
    hostio.trace_args(&[key.as_slice()]);
    hostio.trace_outs(&[value.as_slice()]);
    Ok(())
}

/// Sets a word in the cache.
pub(super) fn storage_cache_bytes32(
    hostio: &mut Hostio<'_, '_>,
    key: u32,
    value: u32,
) -> HostioResult {
    hostio.charge(WORD_INK)?;
    hostio.require_gas(CACHE_REQUIRED_GAS)?;
    let (key, value) = (hostio.read_word(key)?, hostio.read_word(value)?);

    let cache = &mut hostio.env().storage_cache;
    let gas = cache.count_write();
    cache.words.entry(key).or_insert(StorageWord { value, known: None }).value = value;
    hostio.charge_gas(gas)?;
    hostio.trace_args(&[key.as_slice(), value.as_slice()]);
    Ok(())
}

/// Stores all words that differ from the chain's; with `clear`, forgets all words then.
pub(super) fn storage_flush_cache(hostio: &mut Hostio<'_, '_>, clear: u32) -> HostioResult {
    hostio.charge(price::HOSTIO_INK + price::EVM_API_INK)?;
    hostio.require_gas(FLUSH_REQUIRED_GAS)?;
    let available = hostio.gas()?;

    let host = hostio.env();
    let mut left = available;
    let mut stored = Ok(());
    for (key, value) in host.storage_cache.dirty() {
        match host.evm_api.store(key, value, left) {
            Ok(cost) => left = left.saturating_sub(cost),
            Err(fault) => {
                stored = Err(fault);
                break;
            }
        }
        host.storage_cache.words.insert(key, StorageWord { value, known: Some(value) });
    }
    if clear != 0 {
        host.storage_cache.words.clear();
    }
    match stored {
        Ok(()) => hostio.charge_gas(available.saturating_sub(left))?,
        Err(StoreError::OutOfGas) => hostio.out_of_ink()?,
        Err(StoreError::ReadOnly) => return Err(Escape::Failure),
    }
    hostio.trace_args(&[&[u8::from(clear != 0)]]);
    Ok(())
}

/// Loads a transient word.
pub(super) fn transient_load_bytes32(
    hostio: &mut Hostio<'_, '_>,
    key: u32,
    to: u32,
) -> HostioResult {
    hostio.charge(TRANSIENT_INK)?;
    hostio.charge_gas(TRANSIENT_GAS)?;
    let key = hostio.read_word(key)?;
    let value = hostio.evm_api().load_transient(key);
    hostio.write(to, value.as_slice())?;
    hostio.trace_args(&[key.as_slice()]);
    hostio.trace_outs(&[value.as_slice()]);
    Ok(())
}

/// Stores a transient word.
pub(super) fn transient_store_bytes32(
    hostio: &mut Hostio<'_, '_>,
    key: u32,
    value: u32,
) -> HostioResult {
    hostio.charge(TRANSIENT_INK)?;
    hostio.charge_gas(TRANSIENT_GAS)?;
    let (key, value) = (hostio.read_word(key)?, hostio.read_word(value)?);
    if hostio.evm_api().evm_data().read_only {
        return Err(Escape::Failure);
    }
    hostio.evm_api().store_transient(key, value);
    hostio.trace_args(&[key.as_slice(), value.as_slice()]);
    Ok(())
}
