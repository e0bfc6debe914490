//! What the reports of an agreement say so far, counted as the agreement counts them.

use terms::abi::IWorkAgreement::Reported;
use terms::layout::Terms;
use terms::verdict::{Record, Verdict, judge};

use crate::agreement::Progress;
use crate::testers::window_seats;

/// The verdict of each window, for each worker, from the reports that have come in. Only seats count: a
/// report says nothing about windows in which its place holds none. Of a worker that did not accept,
/// and before anybody did, nothing is known.
#[must_use]
pub fn verdicts(terms: &Terms, progress: &Progress, reports: &[Reported]) -> Vec<Vec<Verdict>> {
    let windows: Vec<_> = (0..u32::from(terms.head.windows))
        .map(|window| (window, window_seats(terms, &progress.seed, window)))
        .collect();
    let verdict = |index: u8, (window, places): &(u32, Vec<u32>)| {
        let (mut served, mut failed) = (0_u8, 0_u8);
        let bit = 1_u32.checked_shl(*window).unwrap_or_default();
        let seated = reports.iter().filter(|report| places.contains(&report.place));
        for entry in seated.flat_map(|report| &report.entries).filter(|e| e.index == index) {
            if entry.served & bit != 0 {
                served = served.saturating_add(1);
            } else if entry.checked & bit != 0 {
                failed = failed.saturating_add(1);
            }
        }
        if progress.has_accepted(index) { judge(served, failed) } else { Verdict::Unknown }
    };
    (0..terms.head.redundancy)
        .map(|index| windows.iter().map(|window| verdict(index, window)).collect())
        .collect()
}

/// What the verdicts of one worker add up to.
#[must_use]
pub fn record(verdicts: &[Verdict]) -> Record {
    let mut record = Record::default();
    for verdict in verdicts {
        record.add(*verdict);
    }
    record
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use terms::abi::Entry;
    use terms::abi::IWorkAgreement::Reported;
    use terms::layout::{Head, Terms, WorkerTerms};
    use terms::verdict::Record;
    use terms::verdict::Verdict::{Failed, Served, Unknown};

    use super::{record, verdicts};
    use crate::agreement::Progress;
    use crate::testers::{seats, window_seats};

    /// Two workers, four windows, three testers of a list of five.
    fn terms() -> Terms {
        let head = Head { windows: 4, testers: 3, pool: 5, ..Head::default() };
        Terms::new(head, [WorkerTerms::default(); 2])
    }

    /// A report about worker 0.
    fn report(place: u32, checked: u32, served: u32) -> Reported {
        let entries = vec![Entry { index: 0, checked, served }];
        Reported { tester: Address::ZERO, place, entries }
    }

    #[test]
    fn seats_of_a_place_are_the_windows_that_drew_it() {
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
        let progress = Progress { start: 1, seed: [3; 16], accepted: 0b01 };
        // Everybody says that window 0 was served and window 1 was not, and nothing of the others.
        let everybody: Vec<_> = (0..5).map(|place| report(place, 0b0011, 0b0001)).collect();
        let [first, second] = verdicts(&terms(), &progress, &everybody).try_into().unwrap();
        assert_eq!(first, [Served, Failed, Unknown, Unknown]);
        assert_eq!(second, [Unknown; 4]);
        assert_eq!(record(&first), Record { served: 1, failed: 1 });

        let without =
            (0..5).find(|place| seats(&terms(), &progress.seed, *place) & 1 == 0).unwrap();
        let outsider = [report(without, 0b0001, 0b0001)];
        assert_eq!(verdicts(&terms(), &progress, &outsider)[0][0], Unknown);

        let nobody = Progress { accepted: 0, ..progress };
        assert_eq!(verdicts(&terms(), &nobody, &everybody)[0], [Unknown; 4]);
    }
}
