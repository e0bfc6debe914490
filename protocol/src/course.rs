//! The course of an agreement: who took part until when, and so what is judged.

use core::ops::Range;

use crate::MAX_REDUNDANCY;
use crate::layout::Terms;
use crate::lifecycle::{Times, length_after_leaving};
use crate::shares::needed_probes;

/// What decides the times of an agreement, beside its terms. Workers are bits of masks; worker i is bit i.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Course {
    /// Tick of the first accept; 0 = none yet.
    pub start: u64,
    /// Who accepted.
    pub accepted: u8,
    /// Who resigned.
    pub resigned: u8,
    /// Ticks from the start until each worker resigned; 0 for those who did not.
    pub left: [u32; MAX_REDUNDANCY],
    /// Ticks from start to end, unless all workers leave earlier: those of the terms, or fewer after a
    /// cancellation.
    pub planned: u32,
}

impl Course {
    /// Whether worker `index` accepted.
    #[must_use]
    pub fn has_accepted(&self, index: u8) -> bool {
        has(self.accepted, index)
    }

    /// Whether worker `index` resigned.
    #[must_use]
    pub fn has_resigned(&self, index: u8) -> bool {
        has(self.resigned, index)
    }

    /// Ticks from start to end.
    #[must_use]
    pub fn length(&self, terms: &Terms) -> u32 {
        let header = &terms.header;
        let closed = header.purchased.saturating_add(header.accept_window.into()).saturating_add(1);
        let open = u32::try_from(closed.saturating_sub(self.start)).unwrap_or(u32::MAX);
        let left = length_after_leaving(self.accepted, self.resigned, &self.left, open);
        left.map_or(self.planned, |left| left.min(self.planned))
    }

    /// Number of windows until the planned end.
    #[must_use]
    pub fn windows(&self, terms: &Terms) -> u8 {
        terms.windows_in(self.planned)
    }

    /// The ticks of a window, counted from the start, as planned.
    #[must_use]
    pub fn window_ticks(&self, terms: &Terms, window: u8) -> Range<u32> {
        terms.window_ticks(window, self.planned)
    }

    /// The ticks from the start until which worker `index` is judged; 0 if it did not accept.
    #[must_use]
    pub fn judged_length(&self, terms: &Terms, index: u8) -> u32 {
        match (self.has_accepted(index), self.has_resigned(index)) {
            (false, _) => 0,
            (true, false) => self.length(terms),
            (true, true) => {
                let left = self.left.get(usize::from(index)).copied().unwrap_or(0);
                left.min(self.length(terms))
            }
        }
    }

    /// The ticks of a window for which worker `index` is judged, counted from the start.
    #[must_use]
    pub fn judged_ticks(&self, terms: &Terms, index: u8, window: u8) -> Range<u32> {
        terms.window_ticks(window, self.judged_length(terms, index).min(self.planned))
    }

    /// The fewest probes of worker `index` in a window with which a seat speaks; `None` if the worker is not judged in that
    /// window.
    #[must_use]
    pub fn needed_probes(&self, terms: &Terms, index: u8, window: u8) -> Option<u8> {
        let length = |ticks: Range<u32>| ticks.end.saturating_sub(ticks.start);
        let judged = length(self.judged_ticks(terms, index, window));
        let whole = length(self.window_ticks(terms, window));
        (judged > 0).then(|| needed_probes(terms.header.probes, judged, whole))
    }

    /// The window of tick `now`; `None` outside the agreement.
    #[must_use]
    pub fn window_at(&self, terms: &Terms, now: u64) -> Option<u8> {
        let since = now.checked_sub(self.start).filter(|_| self.start > 0)?;
        let since = u32::try_from(since).ok().filter(|since| *since < self.length(terms))?;
        let window = since.checked_div(terms.window_length())?;
        u8::try_from(window).ok().map(|window| window.min(terms.header.windows.saturating_sub(1)))
    }

    /// The times that determine the state before the settlement.
    #[must_use]
    pub fn times(&self, terms: &Terms) -> Times {
        let header = &terms.header;
        Times {
            purchased: header.purchased,
            accept_window: header.accept_window,
            start: self.start,
            length: self.length(terms),
            report_window: header.report_window,
        }
    }
}

/// Whether a mask has the bit of worker `index`.
#[must_use]
pub fn has(mask: u8, index: u8) -> bool {
    mask.checked_shr(index.into()).is_some_and(|bits| bits & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{TermsHeader, WorkerTerms};

    /// Two workers for 43 ticks in four windows, bought at tick 100 and accepted by tick 105.
    fn terms() -> Terms {
        let header = TermsHeader {
            purchased: 100,
            accept_window: 5,
            length: 43,
            windows: 4,
            probes: 12,
            ..TermsHeader::default()
        };
        Terms::new(header, [WorkerTerms::default(); 2])
    }

    /// Started at tick 102 by both workers.
    fn course() -> Course {
        Course { start: 102, accepted: 0b11, planned: 43, ..Course::default() }
    }

    #[test]
    fn everybody_is_judged_to_the_end() {
        let (terms, course) = (terms(), course());
        assert_eq!((course.length(&terms), course.windows(&terms)), (43, 4));
        assert_eq!(course.judged_length(&terms, 1), 43);
        let windows = [0, 1, 3, 4].map(|window| course.judged_ticks(&terms, 0, window));
        assert_eq!(windows, [0..10, 10..20, 30..43, 43..43]);
    }

    #[test]
    fn who_resigns_is_judged_until_then() {
        let terms = terms();
        let mut course = Course { resigned: 0b10, ..course() };
        course.left[1] = 14;
        assert_eq!((course.length(&terms), course.judged_length(&terms, 1)), (43, 14));
        let windows = [0, 1, 2].map(|window| course.judged_ticks(&terms, 1, window));
        assert_eq!(windows, [0..10, 10..14, 14..14]);
        let needed = [0, 1, 2].map(|window| course.needed_probes(&terms, 1, window));
        assert_eq!(needed, [Some(8), Some(2), None], "of twelve; four were due in the second");
    }

    #[test]
    fn an_agreement_ends_when_everybody_has_left_and_nobody_can_come() {
        let terms = terms();
        let mut course = Course { resigned: 0b11, ..course() };
        course.left[..2].copy_from_slice(&[14, 9]);
        assert_eq!(course.length(&terms), 14);
        course.left[..2].copy_from_slice(&[1, 2]);
        assert_eq!(course.length(&terms), 4); // until tick 106
        assert_eq!(course.times(&terms).end(), 106);
        assert_eq!(Course { accepted: 0b1, resigned: 0b1, ..course }.length(&terms), 4);
        assert_eq!(Course { planned: 20, resigned: 0b01, ..course }.length(&terms), 20);
    }

    #[test]
    fn the_last_window_also_has_the_rest() {
        let at = |now| course().window_at(&terms(), now);
        let table = [(101, None), (102, Some(0)), (111, Some(0)), (112, Some(1)), (131, Some(2))];
        let rest = [(132, Some(3)), (144, Some(3)), (145, None)];
        for (now, window) in table.into_iter().chain(rest) {
            assert_eq!(at(now), window, "tick {now}");
        }
        let left = Course { resigned: 0b11, left: [14; 8], ..course() };
        assert_eq!([115, 116].map(|now| left.window_at(&terms(), now)), [Some(1), None]);
        assert_eq!(Course { start: 0, ..course() }.window_at(&terms(), 102), None);
    }

    #[test]
    fn who_did_not_accept_is_not_judged() {
        let course = Course { accepted: 0b1, ..course() };
        assert_eq!(course.judged_length(&terms(), 1), 0);
        assert_eq!(course.judged_ticks(&terms(), 1, 0), 0..0);
        assert!(!course.has_accepted(1) && !course.has_accepted(40));
    }

    #[test]
    fn a_cancelled_agreement_has_the_windows_that_are_left() {
        let course = Course { planned: 20, ..course() };
        assert_eq!((course.windows(&terms()), course.length(&terms())), (2, 20));
        assert_eq!(course.window_ticks(&terms(), 1), 10..20);
        assert_eq!(course.window_ticks(&terms(), 2), 20..20);
    }
}
