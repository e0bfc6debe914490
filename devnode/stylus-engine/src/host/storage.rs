//! Hostios for storage, through the cache of [`super::storage_cache`], and for transient storage.

use super::{
    hostio::{Escape, Hostio, HostioResult},
    price,
    storage_cache::StorageWord,
};
use crate::StoreError;

/// Ink to load or cache a word.
const WORD_INK: u64 = price::HOSTIO_INK + 2 * price::PTR_INK;

/// Ink to load or store a transient word.
const TRANSIENT_INK: u64 = WORD_INK + price::EVM_API_INK;

/// Gas of a transient word.
const TRANSIENT_GAS: u64 = 100;

/// Gas of a cache miss, besides the load.
const CACHE_MISS_GAS: u64 = 5;

/// Gas required before a load: a cold load, a miss and the highest surcharge.
const LOAD_REQUIRED_GAS: u64 = 2115;

/// Gas required before a cached write.
const CACHE_REQUIRED_GAS: u64 = 2310;

/// Gas required before a flush, the same as for SSTORE.
const FLUSH_REQUIRED_GAS: u64 = 2300;

/// Loads a word from the cache, or from the chain on a miss.
pub(super) fn storage_load_bytes32(hostio: &mut Hostio<'_, '_>, key: u32, to: u32) -> HostioResult {
    hostio.charge(WORD_INK)?;
    hostio.require_gas(LOAD_REQUIRED_GAS)?;
    let key = hostio.read_word(key)?;

    let env = hostio.env();
    let mut gas = env.storage_cache.count_load();
    let value = if let Some(word) = env.storage_cache.words.get(&key) {
        word.value
    } else {
        let (value, cost) = env.evm_api.load(key);
        gas = gas.saturating_add(cost).saturating_add(CACHE_MISS_GAS);
        env.storage_cache.words.insert(key, StorageWord { value, known: Some(value) });
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

/// Stores all dirty words; then empties the cache if `clear` is not zero.
pub(super) fn storage_flush_cache(hostio: &mut Hostio<'_, '_>, clear: u32) -> HostioResult {
    hostio.charge(price::HOSTIO_INK + price::EVM_API_INK)?;
    hostio.require_gas(FLUSH_REQUIRED_GAS)?;
    let available = hostio.gas()?;

    let env = hostio.env();
    let mut left = available;
    let mut stored = Ok(());
    for (key, value) in env.storage_cache.dirty() {
        match env.evm_api.store(key, value, left) {
            Ok(cost) => left = left.saturating_sub(cost),
            Err(error) => {
                stored = Err(error);
                break;
            }
        }
        env.storage_cache.words.insert(key, StorageWord { value, known: Some(value) });
    }
    if clear != 0 {
        env.storage_cache.words.clear();
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
