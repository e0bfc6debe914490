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

/// Changes that each set one constant just out of its range, or make it contradict a later one.
const MUTATIONS: [Mutation; 26] = [
    |s| s.clock = Clock::__Invalid,
    |s| s.acceptWindow = 0,
    |s| s.acceptWindow = 86_401,
    |s| s.reportWindow = 0,
    |s| s.minLength = 0,
    |s| s.minLength = (s.acceptWindow + s.reportWindow).saturating_sub(1),
    |s| s.minLength = (2 * s.minWindow).saturating_sub(1),
    |s| s.maxAgreement = 0,
    |s| s.maxAgreement = s.minLength.saturating_sub(1),
    |s| s.maxAgreement = longest(s) + 1,
    |s| s.minWindow = 0,
    |s| s.minWindow = (2 * s.acceptWindow).saturating_sub(1),
    |s| s.minPool = 0,
    |s| s.minPool = 2,
    |s| s.probes = 0,
    |s| s.minPromise = 0,
    |s| s.minPromise = 10_001,
    |s| s.bondBps = 10_001,
    |s| s.testerFeeBps = 10_001,
    |s| s.minBond = 1 << 72,
    |s| s.minBond = PRICE_LIMIT,
    |s| s.minTesterFee = 1 << 64,
    |s| s.testerBond = 1 << 80,
    |s| s.reputationUnit = 0,
    |s| s.reputationUnit = 12 * s.minTesterFee - 1,
    |s| s.reputationUnit = PRICE_LIMIT,
];

/// The longest agreement whose testers stay locked until it is settled, and at least one tick.
fn longest(settings: &Settings) -> u32 {
    let locked = settings.epochLength * u32::from(settings.lockEpochs);
    locked.saturating_sub(settings.acceptWindow + settings.reportWindow)
}

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

/// These contradict the longest agreement, which is the constant that is reported.
#[test]
fn testers_are_locked_for_the_longest_agreement_and_the_time_around_it() {
    for preset in all_presets() {
        let last = Settings { maxAgreement: longest(&preset), ..preset };
        assert_eq!(check(&last), Ok(()));
        assert_eq!(check(&Settings { epochLength: preset.epochLength - 1, ..last }), Err(4));
        assert_eq!(check(&Settings { lockEpochs: preset.lockEpochs - 1, ..last }), Err(4));
        assert_eq!(check(&Settings { lockEpochs: 0, ..preset }), Err(4));
        assert_eq!(check(&Settings { epochLength: 0, ..preset }), Err(4));
    }
}

/// A window has a tick for each probe, and a seat makes sixty at most.
#[test]
fn probes_fit_into_a_window() {
    for preset in all_presets() {
        let most = u8::try_from(preset.minWindow.min(60)).unwrap();
        assert_eq!(check(&Settings { probes: most, ..preset }), Ok(()));
        let number = if preset.minWindow > 60 { 9 } else { 5 };
        assert_eq!(check(&Settings { probes: most + 1, ..preset }), Err(number));
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
        assert_eq!(check(&free), Err(16));
        assert_eq!(check(&Settings { reputationUnit: 1, ..free }), Ok(()));
    }
}

proptest! {
    /// A client pays for at least half of the time for which it holds a worker's slot, twice the shortest length
    /// holds four windows, a worker that accepts in the last tick still has half of window 0, the chain still has
    /// the hash of the purchase's block, and a tester is locked for as long as it can be asked for reports.
    #[test]
    fn settings_that_may_be_deployed_keep_their_promises(
        preset in preset(), accept in ticks(), report in ticks(), length in ticks(), longest in ticks(),
        window in ticks(), epoch in ticks(), epochs: u8,
    ) {
        let settings = Settings {
            acceptWindow: accept, reportWindow: report, minLength: length, maxAgreement: longest,
            minWindow: window, epochLength: epoch, lockEpochs: epochs, ..preset
        };
        let [a, r, l, w] = [accept, report, length, window].map(u64::from);
        let half = 2 * l >= a + l + r && w >= a && w - a >= w.div_ceil(2) && 2 * l >= 4 * w;
        let locked = longest >= length
            && a + u64::from(longest) + r <= u64::from(epoch) * u64::from(epochs);
        let probed = w >= u64::from(preset.probes);
        let holds = a > 0 && r > 0 && half && locked && probed && a <= 24 * 60 * 60;
        prop_assert_eq!(check(&settings).is_ok(), holds);
    }

    /// As above, with times that mostly fit together.
    #[test]
    fn short_times_fit_together_or_are_refused(
        preset in preset(), times in [0..12_u32, 0..12, 0..30, 0..60, 0..16, 0..30], epochs in 0..4_u8,
    ) {
        let [accept, report, length, longest, window, epoch] = times;
        let settings = Settings {
            acceptWindow: accept, reportWindow: report, minLength: length, maxAgreement: longest,
            minWindow: window, epochLength: epoch, lockEpochs: epochs, probes: 3, ..preset
        };
        let holds = accept > 0 && report > 0 && length >= accept + report && length >= 2 * window
            && longest >= length && accept + longest + report <= u32::from(epochs) * epoch
            && window >= 2 * accept && window >= 3;
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
        let first = [(13, bond >> 72 == 0), (15, stake >> 80 == 0), (16, dear)];
        let expected = first.into_iter().find(|(_, holds)| !holds).map_or(Ok(()), |(at, _)| Err(at));
        prop_assert_eq!(check(&amounts), expected);
    }
}
