//! Upgrades of ArbOS that an owner of the chain schedules.

use alloy::primitives::U256;
use stylus_engine::Params;

use super::{arbos::ArbosStorage, arbos_version::ArbosVersion, programs, settings::Setting};

/// Schedules an upgrade. One to the current version or an earlier one has no effect.
pub(crate) fn schedule(words: &mut dyn ArbosStorage, version: u64, timestamp: u64) {
    Setting::UpgradeVersion.set(words, U256::from(version));
    Setting::UpgradeTime.set(words, U256::from(timestamp));
}

/// The version of a block that follows one of version `current`, at unix second `now`.
///
/// If that is another one, changes the parameters of programs accordingly. Programs keep their
/// records: those of another version of Stylus need another activation.
pub(crate) fn start_block(
    words: &mut dyn ArbosStorage,
    current: ArbosVersion,
    now: u64,
) -> ArbosVersion {
    let scheduled = Setting::UpgradeVersion.get(words);
    let due = Setting::UpgradeTime.get(words) <= U256::from(now);
    let next = u8::try_from(scheduled).ok().and_then(ArbosVersion::from_number);
    let Some(next) = next.filter(|next| due && *next > current) else { return current };
    if next.stylus() > current.stylus() {
        let Params { version, max_wasm_size, max_fragments, .. } = Params::new(next.stylus());
        let params = programs::load_params(words);
        programs::save_params(words, &Params { version, max_wasm_size, max_fragments, ..params });
    }
    next
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use stylus_engine::StylusVersion;

    use super::*;

    #[test]
    fn an_upgrade_is_applied_once_it_is_due() {
        let mut words = HashMap::new();
        let old = Params { ink_price: 77, ..Params::new(StylusVersion::V2) };
        programs::save_params(&mut words, &old);
        let [v51, v60] = [ArbosVersion::V51, ArbosVersion::V60];
        assert_eq!(start_block(&mut words, v51, 100), v51, "nothing is scheduled");
        schedule(&mut words, 60, 100);
        assert_eq!(start_block(&mut words, v51, 99), v51);
        assert_eq!(programs::load_params(&mut words), old);
        assert_eq!(start_block(&mut words, v51, 100), v60);
        let new = Params { ink_price: 77, ..Params::new(StylusVersion::V3) };
        assert_eq!(programs::load_params(&mut words), new);
        assert_eq!(start_block(&mut words, v60, 101), v60);
    }

    #[test]
    fn an_earlier_version_is_ignored() {
        let mut words = HashMap::new();
        schedule(&mut words, 51, 0);
        assert_eq!(start_block(&mut words, ArbosVersion::V61, 1), ArbosVersion::V61);
    }
}
