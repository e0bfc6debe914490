//! The constants of a deployment: which values are valid, and which constant an error names.

use alloy_sol_types::SolValue;
use muster_protocol::PRICE_LIMIT;
use muster_protocol::abi::{Clock, Settings};
use muster_protocol::settings::{FIELD_COUNT, check, dev, production};
use proptest::prelude::*;

use crate::{preset, price, ticks};

/// Every preset.
fn all_presets() -> [Settings; 4] {
    let clocks = [Clock::ArbBlock, Clock::Second];
    [clocks.map(production), clocks.map(dev)].concat().try_into().expect("two of each")
}

/// A change that makes one constant invalid.
type Mutation = fn(&mut Settings);

/// Changes that each set one constant just out of its range.
const MUTATIONS: [Mutation; 21] = [
    |s| s.clock = Clock::__Invalid,
    |s| s.acceptWindow = 0,
    |s| s.acceptWindow = 86_401,
    |s| s.reportWindow = 0,
    |s| s.minLength = 0,
    |s| s.minLength = (s.acceptWindow + s.reportWindow).saturating_sub(1),
    |s| s.minWindow = 0,
    |s| s.minWindow = (2 * s.acceptWindow).saturating_sub(1),
    |s| s.epochLength = 0,
    |s| s.minPool = 0,
    |s| s.minPool = 2,
    |s| s.minPromise = 0,
    |s| s.minPromise = 10_001,
    |s| s.bondBps = 10_001,
    |s| s.testerFeeBps = 10_001,
    |s| s.minBond = PRICE_LIMIT,
    |s| s.minTesterFee = 1 << 64,
    |s| s.testerBond = PRICE_LIMIT,
    |s| s.reputationUnit = 0,
    |s| s.reputationUnit = 12 * s.minTesterFee - 1,
    |s| s.reputationUnit = PRICE_LIMIT,
];

/// The number of the first field in which two settings differ, by their ABI encoding.
fn differing(a: &Settings, b: &Settings) -> Option<u8> {
    let (a, b) = (a.abi_encode(), b.abi_encode());
    let word = a.chunks(32).zip(b.chunks(32)).position(|(a, b)| a != b)?;
    u8::try_from(word).ok()
}

#[test]
fn every_preset_may_be_deployed() {
    for preset in all_presets() {
        assert_eq!(check(&preset), Ok(()));
    }
}

/// The constructor takes the implementation of agreements as argument number `FIELD_COUNT`.
#[test]
fn settings_have_as_many_fields_as_words() {
    for preset in all_presets() {
        assert_eq!(preset.abi_encode().len(), 32 * usize::from(FIELD_COUNT));
    }
}

#[test]
fn each_broken_constant_is_reported_by_its_number() {
    for preset in all_presets() {
        for break_it in MUTATIONS {
            let mut broken = preset;
            break_it(&mut broken);
            assert_eq!(check(&broken).err(), differing(&preset, &broken), "{broken:?}");
        }
    }
}

#[test]
fn of_several_broken_constants_the_first_is_reported() {
    for (at, break_it) in MUTATIONS.iter().enumerate() {
        let mut broken = production(Clock::Second);
        let mut expected = broken;
        break_it(&mut expected);
        for also in &MUTATIONS[at..] {
            also(&mut broken);
        }
        assert_eq!(check(&broken), check(&expected));
    }
}

/// An observation that costs nothing would also be a division by zero.
#[test]
fn an_observation_is_never_free_even_where_testing_is() {
    for preset in all_presets() {
        let free = Settings { minTesterFee: 0, reputationUnit: 0, ..preset };
        assert_eq!(check(&free), Err(13));
        assert_eq!(check(&Settings { reputationUnit: 1, ..free }), Ok(()));
    }
}

proptest! {
    /// A client pays for at least half of the time for which it holds a worker's slot, a worker that accepts in
    /// the last tick still has half of window 0, and the chain still has the hash of the purchase's block.
    #[test]
    fn settings_that_may_be_deployed_keep_their_promises(
        preset in preset(), accept in ticks(), report in ticks(), length in ticks(), window in ticks(),
    ) {
        let settings = Settings {
            acceptWindow: accept, reportWindow: report, minLength: length, minWindow: window, ..preset
        };
        let (a, r) = (u64::from(accept), u64::from(report));
        let (l, w) = (u64::from(length), u64::from(window));
        let half = 2 * l >= a + l + r && w >= a && w - a >= w.div_ceil(2);
        let holds = a > 0 && r > 0 && half && a <= 24 * 60 * 60;
        prop_assert_eq!(check(&settings).is_ok(), holds);
    }

    #[test]
    fn amounts_that_fit_where_they_are_stored_may_be_deployed(
        preset in preset(), bond in price(), fee: u64, stake in price(), unit in price(),
    ) {
        let fee = u128::from(fee);
        let amounts = Settings {
            minBond: bond, minTesterFee: fee, testerBond: stake, reputationUnit: unit, ..preset
        };
        // One observation costs at least the smallest fees of four windows of three testers.
        let dear = unit > 0 && (0..12).try_fold(unit, |rest, _| rest.checked_sub(fee)).is_some();
        prop_assert_eq!(check(&amounts), if dear { Ok(()) } else { Err(13) });
    }
}
