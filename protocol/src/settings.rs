//! The constants of a deployment: two presets, and the check of the constructor.

use crate::BPS;
use crate::abi::{Clock, Settings};

/// The longest `acceptWindow`, in ticks. The seed of an agreement needs a block hash that the chain keeps
/// for 393 168 blocks; a day of seconds is 345 600 blocks, at four blocks a second.
pub const MAX_ACCEPT_WINDOW: u32 = 86_400;

/// The number of fields of [`Settings`].
pub const FIELD_COUNT: u8 = 17;

/// The most probes of a seat in a window.
const MAX_PROBES: u8 = 60;

/// Exclusive limit of `minBond` in wei: 9 bytes.
const MIN_BOND_LIMIT: u128 = 1 << 72;

/// Exclusive limit of `testerBond` in wei: 10 bytes.
const TESTER_BOND_LIMIT: u128 = 1 << 80;

/// The preset for live chains. Times are minutes and hours, in ticks of `clock`.
#[must_use]
pub const fn production(clock: Clock) -> Settings {
    // Arbitrum produces four blocks a second.
    let second: u32 = match clock {
        Clock::ArbBlock => 4,
        _ => 1,
    };
    Settings {
        clock,
        acceptWindow: second.saturating_mul(300),
        reportWindow: second.saturating_mul(3_600),
        minLength: second.saturating_mul(7_200),
        maxAgreement: second.saturating_mul(1_123_200), // 13 days
        minWindow: second.saturating_mul(900),
        epochLength: second.saturating_mul(604_800), // a week
        lockEpochs: 2,
        minPool: 21,
        probes: 12,
        minPromise: 5_000,
        bondBps: 1_000,
        testerFeeBps: 100,
        minBond: 2_000_000_000_000_000,
        minTesterFee: 1_300_000_000_000,
        testerBond: 50_000_000_000_000_000,
        reputationUnit: 240_000_000_000_000,
    }
}

/// The preset for dev chains: as `production`, but agreements last seconds and three testers suffice.
#[must_use]
pub const fn dev(clock: Clock) -> Settings {
    Settings {
        acceptWindow: 3,
        reportWindow: 5,
        minLength: 12,
        minWindow: 6,
        minPool: 3,
        probes: 3,
        ..production(clock)
    }
}

/// Checks that every constant is in its range and that they fit together.
///
/// # Errors
/// The index of the first field that is out of its range, in the order of [`Settings`].
pub fn check(settings: &Settings) -> Result<(), u8> {
    let s = settings;
    let held = s.acceptWindow.checked_add(s.reportWindow);
    // A tester's stake is locked for as long as an agreement can ask it for reports.
    let locked = u64::from(s.epochLength).saturating_mul(s.lockEpochs.into());
    let longest = held.map(|held| u64::from(held).saturating_add(s.maxAgreement.into()));
    let tests = [
        (0, matches!(s.clock, Clock::ArbBlock | Clock::Second)),
        (1, s.acceptWindow > 0 && s.acceptWindow <= MAX_ACCEPT_WINDOW),
        (2, s.reportWindow > 0),
        // A client pays for at least half of the time for which it holds a worker's slot.
        (3, held.is_some_and(|held| s.minLength >= held)),
        // An order of twice the shortest length has room for four windows.
        (3, s.minLength >> 1 >= s.minWindow),
        (4, s.maxAgreement >= s.minLength && longest.is_some_and(|longest| longest <= locked)),
        // A worker that accepts late still has half of window 0.
        (5, s.minWindow >= s.acceptWindow.saturating_mul(2)),
        (5, s.minWindow >= s.probes.into()),
        (8, s.minPool >= 3),
        (9, s.probes > 0 && s.probes <= MAX_PROBES),
        (10, s.minPromise > 0 && s.minPromise <= BPS),
        (11, s.bondBps <= BPS),
        (12, s.testerFeeBps <= BPS),
        (13, s.minBond < MIN_BOND_LIMIT),
        (14, u64::try_from(s.minTesterFee).is_ok()),
        (15, s.testerBond < TESTER_BOND_LIMIT),
        // Buying a score costs fees.
        (16, s.reputationUnit > 0 && s.reputationUnit >= s.minTesterFee.saturating_mul(12)),
        (16, s.reputationUnit < crate::PRICE_LIMIT),
    ];
    match tests.iter().find(|(_, holds)| !holds) {
        Some((index, _)) => Err(*index),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_four_blocks() {
        let (blocks, seconds) = (production(Clock::ArbBlock), production(Clock::Second));
        assert_eq!((blocks.acceptWindow, seconds.acceptWindow), (1_200, 300));
        assert_eq!((blocks.reportWindow, seconds.reportWindow), (14_400, 3_600));
        assert_eq!((blocks.minLength, seconds.minLength), (28_800, 7_200));
        assert_eq!((blocks.maxAgreement, seconds.maxAgreement), (4_492_800, 1_123_200));
        assert_eq!((blocks.minWindow, seconds.minWindow), (3_600, 900));
        assert_eq!((blocks.epochLength, seconds.epochLength), (2_419_200, 604_800));
    }

    #[test]
    fn a_production_window_has_ten_seconds_for_each_probe() {
        let settings = production(Clock::Second);
        assert!(settings.minWindow >= 10 * u32::from(settings.probes));
    }

    /// Times that fit together exactly.
    fn exact() -> Settings {
        Settings {
            acceptWindow: 10,
            reportWindow: 30,
            minLength: 40,
            maxAgreement: 60,
            minWindow: 20,
            epochLength: 50,
            lockEpochs: 2,
            ..dev(Clock::Second)
        }
    }

    #[test]
    fn times_that_fit_together_exactly_are_accepted() {
        assert_eq!(check(&exact()), Ok(()));
        assert_eq!(check(&Settings { minLength: 39, ..exact() }), Err(3));
        assert_eq!(check(&Settings { minWindow: 19, ..exact() }), Err(5));
        assert_eq!(check(&Settings { minWindow: 21, ..exact() }), Err(3));
    }

    #[test]
    fn a_tester_stays_locked_for_as_long_as_an_agreement_can_last() {
        assert_eq!(check(&Settings { maxAgreement: 61, ..exact() }), Err(4));
        assert_eq!(check(&Settings { epochLength: 49, ..exact() }), Err(4));
        assert_eq!(check(&Settings { lockEpochs: 1, ..exact() }), Err(4));
        assert_eq!(check(&Settings { maxAgreement: 39, ..exact() }), Err(4));
    }

    #[test]
    fn a_window_has_a_tick_for_each_probe() {
        assert_eq!(check(&Settings { probes: 20, ..exact() }), Ok(()));
        assert_eq!(check(&Settings { probes: 21, ..exact() }), Err(5));
    }

    #[test]
    fn a_seed_outlives_the_time_to_accept() {
        let long = Settings {
            acceptWindow: MAX_ACCEPT_WINDOW,
            minLength: 2 * 2 * MAX_ACCEPT_WINDOW,
            maxAgreement: 2 * 2 * MAX_ACCEPT_WINDOW,
            minWindow: 2 * MAX_ACCEPT_WINDOW,
            ..dev(Clock::Second)
        };
        assert_eq!(check(&long), Ok(()));
        assert_eq!(check(&Settings { acceptWindow: MAX_ACCEPT_WINDOW + 1, ..long }), Err(1));
    }

    #[test]
    fn times_that_leave_32_bits_are_refused() {
        let times = Settings { reportWindow: u32::MAX, minLength: u32::MAX, ..dev(Clock::Second) };
        assert_eq!(check(&times), Err(3));
    }
}
