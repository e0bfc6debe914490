//! States and windows, compared with the table in docs/rules.md.

use muster_protocol::abi::State;
use muster_protocol::lifecycle::{Times, min_paid_windows, window_at, windows_after_cancel};
use proptest::prelude::*;

use crate::ticks;

/// An agreement bought at any tick and accepted at once, later, in the last tick, or never.
fn times() -> impl Strategy<Value = Times> {
    (1..1_u64 << 40, ticks(), ticks(), ticks(), any::<bool>(), ticks()).prop_map(
        |(purchased, accept_window, length, report_window, accepted, after)| Times {
            purchased,
            accept_window,
            start: if accepted { purchased + u64::from(after.min(accept_window)) } else { 0 },
            length,
            report_window,
        },
    )
}

/// Every tick at which the state changes, with the ticks before and after it, from `from` on.
fn ticks_around(times: &Times, from: u64) -> Vec<u64> {
    let end = times.start + u64::from(times.length);
    [
        times.purchased,
        times.purchased + u64::from(times.accept_window),
        times.start,
        end,
        end + u64::from(times.report_window),
    ]
    .into_iter()
    .flat_map(|tick| [tick.saturating_sub(1), tick, tick + 1])
    .chain([u64::MAX])
    .filter(|tick| *tick >= from)
    .collect()
}

proptest! {
    #[test]
    fn the_state_is_the_range_that_now_lies_in(times in times()) {
        let accept = u64::from(times.accept_window);
        let end = times.start + u64::from(times.length);
        let reported = end + u64::from(times.report_window);
        for now in ticks_around(&times, times.purchased.max(times.start)) {
            let expected = if times.start == 0 {
                if now - times.purchased <= accept { State::Offered } else { State::Due }
            } else if (times.start..end).contains(&now) {
                State::Running
            } else if (end..reported).contains(&now) {
                State::Reporting
            } else {
                State::Due
            };
            prop_assert_eq!(times.state(now), expected, "{:?} at {}", times, now);
        }
    }

    #[test]
    fn time_only_moves_a_state_forward_and_always_to_due(times in times()) {
        let mut ticks = ticks_around(&times, times.purchased.max(times.start));
        ticks.sort_unstable();
        let states: Vec<_> = ticks.into_iter().map(|now| u8::from(times.state(now))).collect();
        prop_assert!(states.is_sorted(), "{:?}", states);
        prop_assert_eq!(states.last(), Some(&u8::from(State::Due)));
    }

    #[test]
    fn the_last_tick_to_accept_is_the_last_one_offered(times in times()) {
        let open = Times { start: 0, ..times };
        prop_assert_eq!(open.state(open.last_accept()), State::Offered);
        prop_assert_eq!(open.state(open.last_accept() + 1), State::Due);
    }

    #[test]
    fn the_windows_of_an_agreement_are_its_ticks_without_gap_or_overlap(
        start in 1..1_u64 << 40, length in ticks(), windows in 1..=u8::MAX, at: u64,
    ) {
        let window_length = u64::from(length / u32::from(windows));
        prop_assume!(window_length > 0);
        let end = start + u64::from(length);
        for k in 0..windows {
            let first = start + u64::from(k) * window_length;
            let behind = if k + 1 == windows { end } else { first + window_length };
            let inside = first + at % (behind - first);
            for now in [first, inside, behind - 1] {
                prop_assert_eq!(window_at(now, start, length, windows), Some(k));
            }
        }
        prop_assert_eq!(window_at(start - 1, start, length, windows), None);
        prop_assert_eq!(window_at(end, start, length, windows), None);
    }

    #[test]
    fn no_input_makes_a_window_that_is_not_there(now: u64, start: u64, length in ticks(), windows: u8) {
        if let Some(k) = window_at(now, start, length, windows) {
            prop_assert!(k < windows && start > 0 && now >= start);
        }
    }

    /// Searches for the fewest windows that contain the current window and the next one and last at least
    /// `shortest`; all windows if there are not enough.
    #[test]
    fn a_client_that_cancels_pays_for_this_window_and_the_next_and_for_the_shortest_agreement(
        window_length in 1..10_000_u64, shortest in 0..40_000_u64, windows in 1..=21_u8, at: u8,
    ) {
        let current = at % windows;
        let long_enough = |count: &u8| u64::from(*count) * window_length >= shortest;
        let least = (0..windows).find(long_enough).unwrap_or(windows);
        let paid = (1..windows).filter(long_enough).find(|count| (0..*count).contains(&(current + 1)));
        prop_assert_eq!(windows_after_cancel(current, windows, least), paid.unwrap_or(windows));
    }

    /// Counts window by window.
    #[test]
    fn the_shortest_agreement_is_the_fewest_windows_that_reach_it(
        shortest in ticks(), window_length in 1..=u32::MAX, windows: u8,
    ) {
        let reaches = |count: &u8| u64::from(*count) * u64::from(window_length) >= shortest.into();
        let fewest = (0..=windows).find(reaches).unwrap_or(windows);
        prop_assert_eq!(min_paid_windows(shortest, window_length, windows), fewest);
    }

    #[test]
    fn who_cancels_later_never_pays_for_less(a: u8, b: u8, windows: u8, least: u8) {
        let after = |current| windows_after_cancel(current, windows, least);
        prop_assert!(after(a.min(b)) <= after(a.max(b)));
        prop_assert!(after(a) <= windows);
    }
}
