//! ArbOS's storage for Stylus programs: parameters, activation records and the data pricer. Layout
//! only; the rules of activation are in the `ArbWasm` precompile.

use alloy::primitives::{B256, U256};
use stylus_engine::{Params, StylusVersion, fees::DataPricer};

use super::arbos::{ArbosStorage, Substorage};
use super::packed_fields::PackedFields;

/// Unix second from which activation times count.
const ARBITRUM_START_TIME: u64 = 1_421_388_000;

/// Seconds per hour, the unit of activation times.
const HOUR: u64 = 3600;

/// Seconds per day, the unit of expiry.
const DAY: u64 = 86_400;

/// Slot of a program's record.
pub(crate) fn record_slot(code_hash: B256) -> U256 {
    Substorage::programs().child(&[1]).slot(code_hash)
}

/// Slot of a program's module hash.
pub(crate) fn module_slot(code_hash: B256) -> U256 {
    Substorage::programs().child(&[2]).slot(code_hash)
}

/// Why a program cannot be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InactiveProgram {
    /// The program was never activated.
    NotActivated,
    /// The program was not activated for the current version.
    NeedsUpgrade {
        /// The version of its activation; zero if there is none.
        activated: u16,
        /// The current version.
        current: u16,
    },
    /// The activation has expired; it is this many seconds old.
    Expired(u64),
}

/// The record of an activation, stored in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ProgramRecord {
    /// Stylus version of the activation; zero if there is none.
    pub(crate) version: u16,
    /// The module's own gas of an entry that is not cached, unscaled.
    pub(crate) init_cost: u16,
    /// The module's own gas of a cached entry, unscaled.
    pub(crate) cached_cost: u16,
    /// Wasm pages that an entry opens.
    pub(crate) footprint: u16,
    /// Hours from [`ARBITRUM_START_TIME`] to the activation; 24 bits.
    pub(crate) activated_at: u32,
    /// Estimated size of the native code in KiB; 24 bits.
    pub(crate) asm_kb: u32,
    /// Whether the program is cached.
    pub(crate) cached: bool,
}

impl ProgramRecord {
    /// Reads the record of a program; all zero if there is none.
    pub(crate) fn load(words: &mut dyn ArbosStorage, code_hash: B256) -> Self {
        Self::decode(words.word(record_slot(code_hash)))
    }

    /// Writes the record of a program.
    pub(crate) fn save(self, words: &mut dyn ArbosStorage, code_hash: B256) {
        words.set_word(record_slot(code_hash), self.encode());
    }

    /// Unpacks a word.
    pub(crate) fn decode(word: U256) -> Self {
        let mut fields = PackedFields::new(word);
        Self {
            version: fields.take(16),
            init_cost: fields.take(16),
            cached_cost: fields.take(16),
            footprint: fields.take(16),
            activated_at: fields.take(24),
            asm_kb: fields.take(24),
            cached: fields.take::<u8>(8) != 0,
        }
    }

    /// Packs into a word.
    pub(crate) fn encode(self) -> U256 {
        let mut fields = PackedFields::default();
        fields.put(16, self.version);
        fields.put(16, self.init_cost);
        fields.put(16, self.cached_cost);
        fields.put(16, self.footprint);
        fields.put(24, self.activated_at);
        fields.put(24, self.asm_kb);
        fields.put(8, u8::from(self.cached));
        fields.word
    }

    /// Age of the activation at unix second `now`, in seconds.
    pub(crate) fn age(&self, now: u64) -> u64 {
        let activated =
            u64::from(self.activated_at).saturating_mul(HOUR).saturating_add(ARBITRUM_START_TIME);
        now.saturating_sub(activated)
    }

    /// Checks that the program was activated for the current version.
    ///
    /// # Errors
    /// [`InactiveProgram::NeedsUpgrade`].
    pub(crate) const fn check_version(&self, params: &Params) -> Result<(), InactiveProgram> {
        let (activated, current) = (self.version, params.version.number());
        if activated == current {
            Ok(())
        } else {
            Err(InactiveProgram::NeedsUpgrade { activated, current })
        }
    }

    /// Checks whether the program may be called at unix second `now`.
    ///
    /// # Errors
    /// See [`InactiveProgram`].
    pub(crate) fn check(&self, params: &Params, now: u64) -> Result<(), InactiveProgram> {
        if self.version == 0 {
            return Err(InactiveProgram::NotActivated);
        }
        self.check_version(params)?;
        let age = self.age(now);
        if age > days(params.expiry_days) { Err(InactiveProgram::Expired(age)) } else { Ok(()) }
    }
}

/// Whole hours since [`ARBITRUM_START_TIME`].
pub(crate) fn hours(now: u64) -> u32 {
    let hours = now.saturating_sub(ARBITRUM_START_TIME).checked_div(HOUR).unwrap_or_default();
    u32::try_from(hours).unwrap_or(u32::MAX)
}

/// Days in seconds.
pub(crate) fn days(days: u16) -> u64 {
    u64::from(days).saturating_mul(DAY)
}

/// Slot of the parameters.
pub(crate) fn params_slot() -> U256 {
    Substorage::programs().child(&[0]).at(0)
}

/// Reads the parameters.
pub(crate) fn load_params(words: &mut dyn ArbosStorage) -> Params {
    let mut fields = PackedFields::new(words.word(params_slot()));
    Params {
        // Chains of the known versions of ArbOS have no other.
        version: StylusVersion::from_number(fields.take(16)).unwrap_or_default(),
        ink_price: fields.take(24),
        max_stack_depth: fields.take(32),
        free_pages: fields.take(16),
        page_gas: fields.take(16),
        page_limit: fields.take(16),
        min_init_gas: fields.take(8),
        min_cached_gas: fields.take(8),
        init_scalar: fields.take(8),
        cached_scalar: fields.take(8),
        expiry_days: fields.take(16),
        keepalive_days: fields.take(16),
        block_cache_size: fields.take(16),
        max_wasm_size: fields.take(32),
        max_fragments: fields.take(8),
    }
}

/// Writes the parameters.
pub(crate) fn save_params(words: &mut dyn ArbosStorage, params: &Params) {
    let mut fields = PackedFields::default();
    fields.put(16, params.version.number());
    fields.put(24, params.ink_price);
    fields.put(32, params.max_stack_depth);
    fields.put(16, params.free_pages);
    fields.put(16, params.page_gas);
    fields.put(16, params.page_limit);
    fields.put(8, params.min_init_gas);
    fields.put(8, params.min_cached_gas);
    fields.put(8, params.init_scalar);
    fields.put(8, params.cached_scalar);
    fields.put(16, params.expiry_days);
    fields.put(16, params.keepalive_days);
    fields.put(16, params.block_cache_size);
    fields.put(32, params.max_wasm_size);
    fields.put(8, params.max_fragments);
    words.set_word(params_slot(), fields.word);
}

/// Reads the data pricer.
pub(crate) fn load_pricer(words: &mut dyn ArbosStorage) -> DataPricer {
    let storage = Substorage::programs().child(&[3]);
    DataPricer {
        demand: words.word(storage.at(0)).saturating_to(),
        bytes_per_second: words.word(storage.at(1)).saturating_to(),
        last_update: words.word(storage.at(2)).saturating_to(),
        min_price: words.word(storage.at(3)).saturating_to(),
        inertia: words.word(storage.at(4)).saturating_to(),
    }
}

/// Writes the fields of the data pricer that an activation changes: demand and time.
pub(crate) fn save_pricer(words: &mut dyn ArbosStorage, pricer: &DataPricer) {
    let storage = Substorage::programs().child(&[3]);
    words.set_word(storage.at(0), U256::from(pricer.demand));
    words.set_word(storage.at(2), U256::from(pricer.last_update));
}

/// Writes the initial data pricer.
pub(crate) fn init_pricer(words: &mut dyn ArbosStorage) {
    let storage = Substorage::programs().child(&[3]);
    let pricer = DataPricer::default();
    words.set_word(storage.at(1), U256::from(pricer.bytes_per_second));
    words.set_word(storage.at(3), U256::from(pricer.min_price));
    words.set_word(storage.at(4), U256::from(pricer.inertia));
    save_pricer(words, &pricer);
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn records_and_parameters_survive_packing() {
        let record = ProgramRecord {
            version: 2,
            init_cost: 300,
            cached_cost: 40,
            footprint: 1,
            activated_at: 99_999,
            asm_kb: 501,
            cached: true,
        };
        assert_eq!(ProgramRecord::decode(record.encode()), record);

        let mut words = HashMap::new();
        save_params(&mut words, &Params::default());
        assert_eq!(load_params(&mut words), Params::default());
    }

    #[test]
    fn an_activation_expires_after_a_year() {
        let params = Params::new(StylusVersion::V2);
        let record = ProgramRecord {
            version: 2,
            activated_at: hours(ARBITRUM_START_TIME + HOUR),
            ..ProgramRecord::default()
        };
        let expiry = ARBITRUM_START_TIME + HOUR + 365 * DAY;
        assert_eq!(record.check(&params, expiry), Ok(()));
        assert_eq!(record.check(&params, expiry + 1), Err(InactiveProgram::Expired(365 * DAY + 1)));
        assert_eq!(ProgramRecord::default().check(&params, 0), Err(InactiveProgram::NotActivated));
        let old = ProgramRecord { version: 1, ..record };
        assert_eq!(
            old.check(&params, expiry),
            Err(InactiveProgram::NeedsUpgrade { activated: 1, current: 2 })
        );
    }
}
