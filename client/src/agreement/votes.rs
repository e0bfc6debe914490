//! The votes in the reports of an agreement, counted as its contract counts them.

use muster_protocol::abi::IWorkAgreement::Reported;
use muster_protocol::layout::Terms;
use muster_protocol::money::Judgement;
use muster_protocol::verdict::{Verdict, WindowTally, judge};

use super::progress::Progress;
use super::seats::window_seats;

/// The votes of one window's seats on one worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// Seats that report service, with a receipt.
    pub served: u8,
    /// Seats that report failure.
    pub failed: u8,
}

impl Votes {
    /// The verdict.
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        judge(self.served, self.failed)
    }

    /// Whether the failure counts against the bond: at least two seats report it, and none has a receipt.
    #[must_use]
    pub const fn is_certain_failure(self) -> bool {
        self.served == 0 && self.failed >= 2
    }
}

/// For each worker, the votes on each window that it is judged for, in the reports so far. A report counts
/// only for the windows in which its place holds a seat. A worker that did not accept is judged for no
/// window.
#[must_use]
pub fn votes(terms: &Terms, progress: &Progress, reports: &[Reported]) -> Vec<Vec<Votes>> {
    let windows: Vec<_> = (0..progress.windows)
        .map(|window| (window, window_seats(terms, &progress.seed, window.into())))
        .collect();
    let count = |index: u8, (window, places): &(u8, Vec<u32>)| {
        let mut votes = Votes::default();
        let bit = 1_u32.checked_shl((*window).into()).unwrap_or_default();
        let seated = reports.iter().filter(|report| places.contains(&report.place));
        for entry in seated.flat_map(|report| &report.findings).filter(|e| e.index == index) {
            if entry.served & bit != 0 {
                votes.served = votes.served.saturating_add(1);
            } else if entry.checked & bit != 0 {
                votes.failed = votes.failed.saturating_add(1);
            }
        }
        votes
    };
    let judged = |index| if progress.has_accepted(index) { progress.judged(index) } else { 0 };
    (0..terms.header.redundancy)
        .map(|index| {
            let windows = windows.iter().take(judged(index).into());
            windows.map(|window| count(index, window)).collect()
        })
        .collect()
}

/// The judgement of the worker at `index`, whose votes these are.
#[must_use]
pub fn judgement(terms: &Terms, progress: &Progress, index: u8, votes: &[Votes]) -> Judgement {
    let mut tally = WindowTally::default();
    for votes in votes {
        tally.add(votes.verdict());
    }
    let certain = votes.iter().filter(|votes| votes.is_certain_failure()).count();
    Judgement {
        tally,
        certain_failures: u8::try_from(certain).unwrap_or(u8::MAX),
        ticks: terms.ticks(progress.judged(index)),
        resigned: progress.resigned(index).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use muster_protocol::abi::Finding;
    use muster_protocol::abi::IWorkAgreement::Reported;
    use muster_protocol::layout::{Terms, TermsHeader, WorkerTerms};
    use muster_protocol::money::Judgement;
    use muster_protocol::verdict::{Verdict, WindowTally};

    use super::{Votes, judgement, votes};
    use crate::agreement::Progress;
    use crate::agreement::seats::{seats, window_seats};

    /// Two workers, four windows of ten ticks, three testers of a list of five.
    fn terms() -> Terms {
        let head =
            TermsHeader { windows: 4, length: 40, testers: 3, pool: 5, ..TermsHeader::default() };
        Terms::new(head, [WorkerTerms::default(); 2])
    }

    /// Only the first worker accepted.
    fn progress() -> Progress {
        Progress { start: 1, seed: [3; 16], accepted: 0b01, windows: 4, resigned: 0 }
    }

    /// A report about worker 0.
    fn report(place: u32, checked: u32, served: u32) -> Reported {
        let findings = vec![Finding { index: 0, checked, served }];
        Reported { tester: Address::ZERO, place, findings }
    }

    /// Reports of every place: window 0 was served, window 1 was not, the others were not checked.
    fn all_reports() -> Vec<Reported> {
        (0..5).map(|place| report(place, 0b0011, 0b0001)).collect()
    }

    #[test]
    fn seats_of_a_place_match_the_drawn_windows() {
        let seed = [3; 16];
        for place in 0..5 {
            for window in 0..4 {
                let drawn = window_seats(&terms(), &seed, window).contains(&place);
                assert_eq!(drawn, seats(&terms(), &seed, place) & (1 << window) != 0);
            }
        }
    }

    #[test]
    fn only_seats_and_workers_that_accepted_count() {
        let [first, second] = votes(&terms(), &progress(), &all_reports()).try_into().unwrap();
        let (good, bad) = (Votes { served: 3, failed: 0 }, Votes { served: 0, failed: 3 });
        assert_eq!(first, [good, bad, Votes::default(), Votes::default()]);
        assert_eq!(second, []);

        let seed = progress().seed;
        let without = (0..5).find(|place| seats(&terms(), &seed, *place) & 1 == 0).unwrap();
        let outsider = [report(without, 0b0001, 0b0001)];
        let votes_of_outsider = votes(&terms(), &progress(), &outsider);
        assert_eq!(votes_of_outsider[0][0].verdict(), Verdict::Unknown);

        let unaccepted = Progress { accepted: 0, ..progress() };
        assert_eq!(votes(&terms(), &unaccepted, &all_reports()), [[], []]);
    }

    #[test]
    fn windows_after_a_cancellation_or_resignation_are_not_judged() {
        let judged = |progress: Progress| {
            let votes = votes(&terms(), &progress, &all_reports()).remove(0);
            let Judgement { tally, certain_failures, ticks, resigned } =
                judgement(&terms(), &progress, 0, &votes);
            (votes.len(), tally, certain_failures, ticks, resigned)
        };
        let (half, good) =
            (WindowTally { served: 1, failed: 1 }, WindowTally { served: 1, failed: 0 });
        assert_eq!(judged(progress()), (4, half, 1, 40, false));
        assert_eq!(judged(Progress { windows: 2, ..progress() }), (2, half, 1, 20, false));
        assert_eq!(judged(Progress { resigned: 0b10, ..progress() }), (1, good, 0, 10, true));
        // Finished windows beyond the judged ones do not count, and neither do the other worker's bits.
        let both = Progress { windows: 2, resigned: 0b100, ..progress() };
        assert_eq!(judged(both), (2, half, 1, 20, true));
        let other = Progress { resigned: 1 << 5, ..progress() };
        assert_eq!(judged(other), (4, half, 1, 40, false));
        assert_eq!(other.resigned(1), Some(0));
    }

    #[test]
    fn a_failure_is_certain_with_two_seats_and_no_receipt() {
        let is_certain = |served, failed| Votes { served, failed }.is_certain_failure();
        assert!(is_certain(0, 2));
        assert!(!is_certain(0, 1));
        assert!(!is_certain(1, 2));
        assert!(!is_certain(0, 0));
    }
}
