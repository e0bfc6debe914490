//! States and windows, compared with the table in docs/rules.md.

use muster_protocol::abi::State;
use muster_protocol::layout::TermsHeader;
use muster_protocol::lifecycle::{Times, length_after_cancel, length_after_leaving};
use proptest::array::uniform8;
use proptest::prelude::*;

use crate::{ticks, window_of};

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

    /// Searches for the fewest windows that contain the current window and the next one, last for the shortest
    /// length, and are one more than a quarter of all; the whole agreement if there are not enough.
    #[test]
    fn a_client_that_cancels_pays_for_the_next_window_and_more_than_a_quarter_and_the_shortest_agreement(
        window in 1..10_000_u32, rest in 0..21_u32, min_length in 0..40_000_u32,
        windows in 1..=21_u8, testers in 1..=15_u8, at: u32,
    ) {
        let length = u32::from(windows) * window + rest % u32::from(windows);
        let header = TermsHeader { length, windows, testers, min_length, ..TermsHeader::default() };
        let elapsed = at % length;
        let current = window_of(elapsed, length, windows);
        let enough = |count: &u8| {
            (0..*count).contains(&(current + 1))
                && u32::from(*count) * window >= min_length
                && (u32::from(*count) - 1) * 4 >= u32::from(windows)
        };
        let paid = (1..windows).find(enough).map_or(length, |count| u32::from(count) * window);
        prop_assert_eq!(length_after_cancel(&header, elapsed), paid);
    }

    /// Goes through the lengths one by one.
    #[test]
    fn without_testers_a_client_gives_notice_of_an_eighth_and_of_the_shortest_agreement(
        length in 1..2_000_u32, min_length in 0..2_000_u32, at: u32,
    ) {
        let header = TermsHeader { length, windows: 1, min_length, ..TermsHeader::default() };
        let elapsed = at % length;
        let enough = |end: &u32| {
            let notice = end.saturating_sub(elapsed);
            *end >= min_length && notice >= min_length && 8 * notice >= length
        };
        let paid = (elapsed..length).find(enough).unwrap_or(length);
        prop_assert_eq!(length_after_cancel(&header, elapsed), paid);
    }

    #[test]
    fn who_cancels_later_never_pays_for_less_and_nobody_for_more_than_the_agreement(
        length in ticks(), min_length in ticks(), windows: u8, testers: u8, a in ticks(), b in ticks(),
    ) {
        let header = TermsHeader { length, windows, testers, min_length, ..TermsHeader::default() };
        let after = |elapsed| length_after_cancel(&header, elapsed);
        prop_assert!(after(a.min(b)) <= after(a.max(b)));
        prop_assert!(after(a) <= length);
        prop_assert!(after(a) >= min_length.min(length));
        prop_assert!(after(a) >= a.min(length));
    }

    #[test]
    fn an_agreement_without_workers_ends_with_the_last_that_left_and_the_time_to_accept(
        accepted: u8, resigned: u8, left in uniform8(ticks()), open in ticks(),
    ) {
        let resigned = resigned & accepted;
        let left = core::array::from_fn(|index| if resigned >> index & 1 == 1 { left[index] } else { 0 });
        let stays = (0..8).any(|index| accepted >> index & 1 == 1 && resigned >> index & 1 == 0);
        let mut ends = left.to_vec();
        ends.push(open);
        let end = (accepted != 0 && !stays).then(|| ends.into_iter().max().unwrap());
        prop_assert_eq!(length_after_leaving(accepted, resigned, &left, open), end);
    }
}
