//! Hooks for storage, and the cache between a program and its storage.
//!
//! The cache lives as long as one call of a program. Writes stay in it until they are flushed; what
//! is not flushed is lost.

use std::collections::BTreeMap;

use alloy_primitives::B256;

use super::{
    hook::{Answer, Escape, Hook},
    price,
};
use crate::StoreFault;

/// Ink to load or cache a word.
const WORD: u64 = price::HOOK + 2 * price::POINTER;

/// Ink to load or store a transient word.
const TRANSIENT: u64 = WORD + price::CHAIN;

/// Gas of a transient word.
const TRANSIENT_GAS: u64 = 100;

/// Gas that a miss costs besides the load.
const MISS_GAS: u64 = 5;

/// Gas that has to be left for a load: a cold one, a miss and the last surcharge.
const LOAD_RESERVE: u64 = 2115;

/// Gas that has to be left to cache a word.
const CACHE_RESERVE: u64 = 2310;

/// Gas that has to be left for a flush, as for a store of the EVM.
const FLUSH_RESERVE: u64 = 2300;

/// A word in the cache.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// What the program sees.
    value: B256,
    /// What the chain is known to have.
    known: Option<B256>,
}

/// Storage as one call of a program sees it.
#[derive(Debug, Default)]
pub(super) struct Cache {
    /// Words by key.
    entries: BTreeMap<B256, Entry>,
    /// Loads so far.
    loads: u32,
    /// Cached writes so far.
    writes: u32,
}

impl Cache {
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
        let differs = |entry: &Entry| entry.known != Some(entry.value);
        let dirty = self.entries.iter().filter(|(_, entry)| differs(entry));
        dirty.map(|(key, entry)| (*key, entry.value)).collect()
    }
}

/// Loads a word, from the chain if the cache does not have it.
pub(super) fn storage_load_bytes32(hook: &mut Hook<'_, '_>, key: u32, to: u32) -> Answer {
    hook.charge(WORD)?;
    hook.require_gas(LOAD_RESERVE)?;
    let key = hook.read_word(key)?;

    let host = hook.host();
    let mut gas = host.storage.count_load();
    let value = if let Some(entry) = host.storage.entries.get(&key) {
        entry.value
    } else {
        let (value, cost) = host.world.load(key);
        gas = gas.saturating_add(cost).saturating_add(MISS_GAS);
        host.storage.entries.insert(key, Entry { value, known: Some(value) });
        value
    };
    hook.charge_gas(gas)?;
    hook.write(to, value.as_slice())?;
    hook.note_args(&[key.as_slice()]);
    hook.note_outs(&[value.as_slice()]);
    Ok(())
}

/// Sets a word in the cache.
pub(super) fn storage_cache_bytes32(hook: &mut Hook<'_, '_>, key: u32, value: u32) -> Answer {
    hook.charge(WORD)?;
    hook.require_gas(CACHE_RESERVE)?;
    let (key, value) = (hook.read_word(key)?, hook.read_word(value)?);

    let cache = &mut hook.host().storage;
    let gas = cache.count_write();
    cache.entries.entry(key).or_insert(Entry { value, known: None }).value = value;
    hook.charge_gas(gas)?;
    hook.note_args(&[key.as_slice(), value.as_slice()]);
    Ok(())
}

/// Stores all words that differ from the chain's; with `clear`, forgets all words then.
pub(super) fn storage_flush_cache(hook: &mut Hook<'_, '_>, clear: u32) -> Answer {
    hook.charge(price::HOOK + price::CHAIN)?;
    hook.require_gas(FLUSH_RESERVE)?;
    let available = hook.gas()?;

    let host = hook.host();
    let mut left = available;
    let mut stored = Ok(());
    for (key, value) in host.storage.dirty() {
        match host.world.store(key, value, left) {
            Ok(cost) => left = left.saturating_sub(cost),
            Err(fault) => {
                stored = Err(fault);
                break;
            }
        }
        host.storage.entries.insert(key, Entry { value, known: Some(value) });
    }
    if clear != 0 {
        host.storage.entries.clear();
    }
    match stored {
        Ok(()) => hook.charge_gas(available.saturating_sub(left))?,
        Err(StoreFault::OutOfGas) => hook.exhaust()?,
        Err(StoreFault::ReadOnly) => return Err(Escape::Failure),
    }
    hook.note_args(&[&[u8::from(clear != 0)]]);
    Ok(())
}

/// Loads a transient word.
pub(super) fn transient_load_bytes32(hook: &mut Hook<'_, '_>, key: u32, to: u32) -> Answer {
    hook.charge(TRANSIENT)?;
    hook.charge_gas(TRANSIENT_GAS)?;
    let key = hook.read_word(key)?;
    let value = hook.world().load_transient(key);
    hook.write(to, value.as_slice())?;
    hook.note_args(&[key.as_slice()]);
    hook.note_outs(&[value.as_slice()]);
    Ok(())
}

/// Stores a transient word.
pub(super) fn transient_store_bytes32(hook: &mut Hook<'_, '_>, key: u32, value: u32) -> Answer {
    hook.charge(TRANSIENT)?;
    hook.charge_gas(TRANSIENT_GAS)?;
    let (key, value) = (hook.read_word(key)?, hook.read_word(value)?);
    if hook.world().frame().read_only {
        return Err(Escape::Failure);
    }
    hook.world().store_transient(key, value);
    hook.note_args(&[key.as_slice(), value.as_slice()]);
    Ok(())
}
