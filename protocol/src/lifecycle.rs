//! The state of an agreement as a function of time, and its windows.

use crate::abi::State;
use crate::layout::TermsHeader;
use crate::{MAX_REDUNDANCY, MIN_WINDOWS};

/// The times that determine the state of an agreement before its settlement, in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Tick of the purchase.
    pub purchased: u64,
    /// Ticks in which workers may accept.
    pub accept_window: u32,
    /// Tick of the first accept; 0 = none yet.
    pub start: u64,
    /// Ticks from start to end: those of the terms, or fewer if the client cancelled or all workers left.
    pub length: u32,
    /// Ticks after the end in which testers may report.
    pub report_window: u32,
}

impl Times {
    /// The last tick in which a worker may accept.
    #[must_use]
    pub fn last_accept(&self) -> u64 {
        self.purchased.saturating_add(self.accept_window.into())
    }

    /// The first tick after the agreement; 0 before the first accept.
    #[must_use]
    pub fn end(&self) -> u64 {
        if self.start == 0 { 0 } else { self.start.saturating_add(self.length.into()) }
    }

    /// The state at tick `now`, which must not be before `start`. Never `Settled` or `Void`: a settlement
    /// sets those, not time.
    #[must_use]
    pub fn state(&self, now: u64) -> State {
        if self.start == 0 {
            return if now <= self.last_accept() { State::Offered } else { State::Due };
        }
        let end = self.end();
        if now < end {
            State::Running
        } else if now < end.saturating_add(self.report_window.into()) {
            State::Reporting
        } else {
            State::Due
        }
    }
}

/// The ticks from start to end after the client cancels, `elapsed` ticks after the start.
///
/// With testers: the current window and the next one, but at least the shortest length, and a quarter of the
/// windows and one more. Without: notice of an eighth of the length, and of the shortest length at least; never less than
/// the shortest length in all. Source: docs/rules.md, "Cancelling".
#[must_use]
pub fn length_after_cancel(header: &TermsHeader, elapsed: u32) -> u32 {
    let TermsHeader { length, min_length, windows, .. } = *header;
    let Some(window_length) = length.checked_div(windows.into()) else { return length };
    if header.testers == 0 {
        let notice = min_length.max(length.div_ceil(8));
        return min_length.max(elapsed.saturating_add(notice)).min(length);
    }
    let current = elapsed.checked_div(window_length).unwrap_or(u32::MAX);
    let shortest = min_length.checked_div(window_length).unwrap_or(u32::MAX);
    let rest = min_length.checked_rem(window_length).unwrap_or(0);
    let shortest = shortest.saturating_add(u32::from(rest != 0));
    let quarter = u32::from(windows.div_ceil(MIN_WINDOWS));
    let count = current.saturating_add(2).max(shortest).max(quarter.saturating_add(1));
    if count >= windows.into() { length } else { window_length.saturating_mul(count) }
}

/// The ticks from start to end if everybody who accepted has resigned: until the last one did, and until the
/// time to accept is over. `None` if a worker is left, or nobody accepted.
///
/// `accepted` and `resigned` are bits by worker, `left` the ticks from the start until each resigned, and
/// `open` those until the time to accept is over.
#[must_use]
pub fn length_after_leaving(
    accepted: u8,
    resigned: u8,
    left: &[u32; MAX_REDUNDANCY],
    open: u32,
) -> Option<u32> {
    let all_left = accepted != 0 && accepted & !resigned == 0;
    all_left.then(|| left.iter().fold(open, |last, left| last.max(*left)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bought at tick 100, accepted by tick 110, 40 ticks long, with 20 ticks to report.
    const fn times(start: u64) -> Times {
        Times { purchased: 100, accept_window: 10, start, length: 40, report_window: 20 }
    }

    #[test]
    fn every_state_begins_and_ends_at_its_tick() {
        let table = [
            (0, 100, State::Offered),
            (0, 110, State::Offered),
            (0, 111, State::Due),
            (105, 105, State::Running),
            (105, 111, State::Running),
            (105, 144, State::Running),
            (105, 145, State::Reporting),
            (105, 164, State::Reporting),
            (105, 165, State::Due),
            (105, u64::MAX, State::Due),
        ];
        for (start, now, state) in table {
            assert_eq!(times(start).state(now), state, "started at {start}, now {now}");
        }
    }

    #[test]
    fn the_end_is_unknown_until_somebody_accepts() {
        assert_eq!(times(0).end(), 0);
        assert_eq!(times(105).end(), 145);
    }

    /// Tested terms of 43 ticks in `windows` windows, with a shortest length of 12.
    fn tested(windows: u8) -> TermsHeader {
        TermsHeader { length: 43, windows, testers: 3, min_length: 12, ..TermsHeader::default() }
    }

    #[test]
    fn a_client_pays_for_this_window_and_the_next_and_more_than_a_quarter_of_them() {
        let after = |windows, elapsed| length_after_cancel(&tested(windows), elapsed);
        assert_eq!(after(4, 0), 20);
        assert_eq!(after(4, 10), 30);
        assert_eq!(after(4, 20), 43); // the last window has the rest
        assert_eq!(after(4, u32::MAX), 43);
        assert_eq!(after(21, 0), 14); // six windows reach the shortest length and are a quarter; one more
        assert_eq!([11, 12].map(|elapsed| after(21, elapsed)), [14, 16]);
        let long = TermsHeader { min_length: 2, ..tested(21) };
        assert_eq!(length_after_cancel(&long, 0), 14);
        assert_eq!(length_after_cancel(&TermsHeader { min_length: 50, ..tested(4) }, 0), 43);
    }

    #[test]
    fn a_client_without_testers_gives_notice_of_an_eighth() {
        let untested = TermsHeader { testers: 0, length: 1_000, ..tested(1) };
        let after = |elapsed| length_after_cancel(&untested, elapsed);
        assert_eq!([0, 10, 875, 876].map(after), [125, 135, 1_000, 1_000]);
        let short = TermsHeader { length: 43, ..untested };
        assert_eq!([0, 10].map(|at| length_after_cancel(&short, at)), [12, 22]);
    }

    #[test]
    fn an_agreement_lasts_until_the_last_one_left_and_nobody_can_come() {
        let left = [5, 9, 0, 0, 0, 0, 0, 0];
        assert_eq!(length_after_leaving(0b11, 0b11, &left, 4), Some(9));
        assert_eq!(length_after_leaving(0b11, 0b11, &left, 12), Some(12));
        assert_eq!(length_after_leaving(0b11, 0b01, &left, 4), None);
        assert_eq!(length_after_leaving(0, 0, &left, 4), None);
    }
}
