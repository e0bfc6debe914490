//! The constants of a deployment: two presets, and the check of the constructor.

use crate::BPS;
use crate::abi::{Clock, Settings};

/// The longest `acceptWindow`, in ticks. The seed of an agreement needs a block hash that the chain keeps
/// for 393 168 blocks; a day of seconds is 345 600 blocks, at four blocks a second.
pub const MAX_ACCEPT_WINDOW: u32 = 86_400;

/// The number of fields of [`Settings`].
pub const FIELD_COUNT: u8 = 14;

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
        minWindow: second.saturating_mul(900),
        epochLength: 604_800,
        minPool: 21,
        minPromise: 5_000,
        bondBps: 1_000,
        testerFeeBps: 100,
        minBond: 2_000_000_000_000_000,
        minTesterFee: 20_000_000_000_000,
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
        minLength: 8,
        minWindow: 6,
        minPool: 3,
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
    let tests = [
        (0, matches!(s.clock, Clock::ArbBlock | Clock::Second)),
        (1, s.acceptWindow > 0 && s.acceptWindow <= MAX_ACCEPT_WINDOW),
        (2, s.reportWindow > 0),
        // A client pays for at least half of the time for which it holds a worker's slot.
        (3, held.is_some_and(|held| s.minLength >= held)),
        // A worker that accepts late still has half of window 0.
        (4, s.minWindow >= s.acceptWindow.saturating_mul(2)),
        (5, s.epochLength > 0),
        (6, s.minPool >= 3),
        (7, s.minPromise > 0 && s.minPromise <= BPS),
        (8, s.bondBps <= BPS),
        (9, s.testerFeeBps <= BPS),
        (10, s.minBond < crate::PRICE_LIMIT),
        (11, u64::try_from(s.minTesterFee).is_ok()),
        (12, s.testerBond < crate::PRICE_LIMIT),
        // Buying a score costs fees.
        (13, s.reputationUnit > 0 && s.reputationUnit >= s.minTesterFee.saturating_mul(12)),
        (13, s.reputationUnit < crate::PRICE_LIMIT),
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
        assert_eq!((blocks.minWindow, seconds.minWindow), (3_600, 900));
        assert_eq!(blocks.epochLength, seconds.epochLength);
    }

    #[test]
    fn times_that_fit_together_exactly_are_accepted() {
        let exact = Settings {
            acceptWindow: 10,
            reportWindow: 5,
            minLength: 15,
            minWindow: 20,
            ..dev(Clock::Second)
        };
        assert_eq!(check(&exact), Ok(()));
        assert_eq!(check(&Settings { minLength: 14, ..exact }), Err(3));
        assert_eq!(check(&Settings { minWindow: 19, ..exact }), Err(4));
    }

    #[test]
    fn a_seed_outlives_the_time_to_accept() {
        let long = Settings {
            acceptWindow: MAX_ACCEPT_WINDOW,
            minLength: u32::MAX,
            minWindow: u32::MAX,
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
