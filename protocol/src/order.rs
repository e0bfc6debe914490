//! Checks the numbers of an order. Whether workers and testers are available is the dispatcher's check.

use alloy_primitives::{FixedBytes, U256};

use crate::abi::{Order, Reason, Settings, Worker};
use crate::{MAX_REDUNDANCY, MAX_SEATS, MAX_TESTERS, MAX_WINDOWS, MIN_WINDOWS, TESTER_APPLICATION};

/// An order whose numbers are in their ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidOrder {
    /// Number of workers, 1 to 8.
    pub redundancy: u8,
    /// Length in ticks.
    pub length: u32,
    /// Number of windows, 1 to 21.
    pub windows: u8,
    /// Testers of each window: 0, or odd from 3 to 15.
    pub testers: u8,
    /// Ticks of one window, rounded down.
    pub window_length: u32,
}

/// The order behind `buyContract(redundancy, length)`: application 0, promised uptime of at least 9 000,
/// three testers and up to four windows; no testers and one window if fewer than `minPool` testers are
/// listed.
#[must_use]
pub fn default_order(
    redundancy: U256,
    length: U256,
    settings: &Settings,
    testers_listed: u32,
) -> Order {
    let tested = testers_listed >= settings.minPool;
    let windows =
        u32::try_from(length).ok().and_then(|ticks| ticks.checked_div(settings.minWindow));
    let windows =
        windows.map_or(1, |fit| u8::try_from(fit).unwrap_or(MIN_WINDOWS).clamp(1, MIN_WINDOWS));
    Order {
        application: FixedBytes::ZERO,
        redundancy,
        length,
        windows: if tested { windows } else { 1 },
        testers: if tested { 3 } else { 0 },
        minScore: 0,
        minUptime: 9_000,
        expiry: 0,
        start: 0,
    }
}

/// Whether a worker that is listed can be bought with an order of its application: for so long, with at least this score and
/// this promised uptime.
#[must_use]
pub fn satisfies(worker: &Worker, length: U256, min_score: u16, min_uptime: u16) -> bool {
    U256::from(worker.maxLength) >= length
        && worker.score >= min_score
        && worker.promised >= min_uptime
}

/// Checks the numbers of an order at tick `now` and narrows them to their ranges.
///
/// # Errors
/// The first [`Reason`] that applies, in the order of that enum.
pub fn check(order: &Order, settings: &Settings, now: u64) -> Result<ValidOrder, Reason> {
    let redundancy = u8::try_from(order.redundancy)
        .ok()
        .filter(|count| (1..=MAX_REDUNDANCY).contains(&usize::from(*count)))
        .ok_or(Reason::Redundancy)?;
    let length = u32::try_from(order.length)
        .ok()
        .filter(|ticks| (settings.minLength..=settings.maxAgreement).contains(ticks))
        .ok_or(Reason::Length)?;
    let window_length = length
        .checked_div(order.windows.into())
        .filter(|ticks| order.windows <= MAX_WINDOWS && *ticks >= settings.minWindow)
        .filter(|_| order.testers == 0 || order.windows >= min_windows(length, settings))
        .ok_or(Reason::Windows)?;
    if !are_testers_valid(order.windows, order.testers) {
        return Err(Reason::Testers);
    }
    if order.application.0 == TESTER_APPLICATION {
        return Err(Reason::NotForSale);
    }
    if order.expiry != 0 && now > order.expiry {
        return Err(Reason::Expired);
    }
    Ok(ValidOrder {
        redundancy,
        length,
        windows: order.windows,
        testers: order.testers,
        window_length,
    })
}

/// The fewest windows of a tested order of `length` ticks.
const fn min_windows(length: u32, settings: &Settings) -> u8 {
    let long = length >> 1 >= settings.minLength;
    if long { MIN_WINDOWS } else { 1 }
}

/// Whether an agreement may have `windows` windows with `testers` testers each.
fn are_testers_valid(windows: u8, testers: u8) -> bool {
    if testers == 0 {
        return windows == 1;
    }
    let seats = usize::from(windows).saturating_mul(testers.into());
    (3..=MAX_TESTERS).contains(&testers) && testers & 1 == 1 && seats <= MAX_SEATS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::Clock;
    use crate::settings;

    /// One worker for 100 ticks in four windows of three testers, valid with the dev preset.
    fn order() -> Order {
        default_order(U256::ONE, U256::from(100), &settings::dev(Clock::Second), 3)
    }

    #[test]
    fn a_worker_satisfies_an_order_by_length_score_and_promise() {
        let worker = Worker { maxLength: 100, promised: 9_000, score: 50, ..Worker::default() };
        let is_satisfied =
            |length: u64, score, uptime| satisfies(&worker, U256::from(length), score, uptime);
        assert!(is_satisfied(100, 50, 9_000));
        assert!(!is_satisfied(101, 50, 9_000));
        assert!(!is_satisfied(100, 51, 9_000));
        assert!(!is_satisfied(100, 50, 9_001));
    }

    /// Checks an order with the dev preset at tick 50.
    fn checked(order: Order) -> Result<ValidOrder, Reason> {
        check(&order, &settings::dev(Clock::Second), 50)
    }

    #[test]
    fn a_valid_order_keeps_its_numbers() {
        let shape =
            ValidOrder { redundancy: 1, length: 100, windows: 4, testers: 3, window_length: 25 };
        assert_eq!(checked(order()), Ok(shape));
    }

    #[test]
    fn redundancy_is_one_to_eight() {
        for (redundancy, fits) in [(0, false), (1, true), (8, true), (9, false), (257, false)] {
            let result = checked(Order { redundancy: U256::from(redundancy), ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Redundancy), "{redundancy}");
        }
    }

    #[test]
    fn length_is_from_the_shortest_to_the_longest() {
        let table = [
            (11, false),
            (12, true),
            (1_123_200, true),
            (1_123_201, false),
            ((1_u64 << 32) + 12, false),
        ];
        for (length, fits) in table {
            let length = U256::from(length);
            let result = checked(Order { length, windows: 1, testers: 0, ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Length), "{length}");
        }
    }

    #[test]
    fn windows_are_one_to_twenty_one_and_long_enough() {
        let table = [(100, 0, false), (126, 21, true), (125, 21, false), (1_000, 22, false)];
        for (length, windows, fits) in table {
            let result = checked(Order { length: U256::from(length), windows, ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Windows), "{length}/{windows}");
        }
    }

    #[test]
    fn a_tested_order_of_twice_the_shortest_length_has_four_windows() {
        let table = [(23, 1, true), (24, 1, false), (24, 3, false), (24, 4, true), (100, 3, false)];
        for (length, windows, fits) in table {
            let length = U256::from(length);
            let result = checked(Order { length, windows, ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Windows), "{length}/{windows}");
        }
        assert!(checked(Order { windows: 1, testers: 0, ..order() }).is_ok());
    }

    #[test]
    fn testers_are_odd_and_at_most_sixty_three_in_all() {
        let table = [
            (1, 0, true),
            (2, 0, false),
            (1, 1, false),
            (1, 3, true),
            (1, 4, false),
            (1, 15, true),
            (1, 17, false),
            (4, 15, true),
            (5, 15, false),
            (7, 9, true),
            (21, 3, true),
        ];
        for (windows, testers, fits) in table {
            let length = U256::from(6 * u32::from(windows).max(2));
            let result = checked(Order { length, windows, testers, ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Testers), "{windows}x{testers}");
        }
    }

    #[test]
    fn testers_are_not_for_sale() {
        let order = Order { application: TESTER_APPLICATION.into(), ..order() };
        assert_eq!(checked(order), Err(Reason::NotForSale));
    }

    #[test]
    fn an_order_can_be_bought_in_its_last_tick() {
        for (expiry, fits) in [(0, true), (49, false), (50, true), (51, true)] {
            let result = checked(Order { expiry, ..order() });
            assert_eq!(result.err(), (!fits).then_some(Reason::Expired), "{expiry}");
        }
    }
}
