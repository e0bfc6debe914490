//! The shares in the reports of an agreement, judged as its contract judges them.

use muster_protocol::abi::IWorkAgreement::Reported;
use muster_protocol::layout::{Terms, WorkerTerms};
use muster_protocol::money::{self, Judgement};
use muster_protocol::shares::{Measurement, Median, due_probes, twelfths, vouched};

use super::progress::Progress;
use super::seats::window_seats;

/// What the seats of one window reported of one worker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowShares {
    /// The share of each seat that reported, in twelfths, with its place.
    pub seats: Vec<(u32, u8)>,
    /// The highest share of the due probes that a seat was served, in twelfths.
    pub best: u8,
    /// The ticks for which the worker is judged.
    pub ticks: u32,
    /// Whether these are all ticks of the window.
    pub finished: bool,
}

impl WindowShares {
    /// The share of the window, in twelfths; `None` if no seat reported.
    #[must_use]
    pub fn median(&self) -> Option<u8> {
        self.middle().map(Median::share)
    }

    /// The middle shares.
    fn middle(&self) -> Option<Median> {
        Median::of(self.seats.iter().map(|(_, share)| *share))
    }

    /// The places whose seats are paid.
    #[must_use]
    pub fn paid(&self) -> Vec<u32> {
        let Some(median) = self.middle() else { return Vec::new() };
        self.seats
            .iter()
            .filter(|(_, share)| median.pays(*share))
            .map(|(place, _)| *place)
            .collect()
    }
}

/// For each worker, the shares of each window that it is judged for, in the reports so far.
#[must_use]
pub fn window_shares(
    terms: &Terms,
    progress: &Progress,
    reports: &[Reported],
) -> Vec<Vec<WindowShares>> {
    let course = &progress.course;
    let windows = 0..course.windows(terms);
    let drawn: Vec<_> =
        windows.clone().map(|window| window_seats(terms, &progress.seed, window.into())).collect();
    let shares_of = |index: u8, window: u8, places: &[u32]| {
        let judged = course.judged_ticks(terms, index, window);
        let whole = course.window_ticks(terms, window);
        let (finished, whole) = (judged == whole, whole.end.saturating_sub(whole.start));
        let ticks = judged.end.saturating_sub(judged.start);
        let due = due_probes(terms.header.probes, ticks, whole);
        let mut found = WindowShares { ticks, finished, ..WindowShares::default() };
        for report in reports.iter().filter(|report| places.contains(&report.place)) {
            for [of, at, made, served] in report.findings.as_chunks().0 {
                if (*of, *at) == (index, window) {
                    found.seats.push((report.place, twelfths(*served, *made)));
                    found.best = found.best.max(vouched(*served, *made, due));
                }
            }
        }
        found
    };
    (0..terms.header.redundancy)
        .map(|index| {
            let all = windows.clone().zip(&drawn);
            let all = all.map(|(window, places)| shares_of(index, window, places));
            all.filter(|shares| shares.ticks > 0).collect()
        })
        .collect()
}

/// What the shares of a worker say in all.
#[must_use]
pub fn measurement(shares: &[WindowShares]) -> Measurement {
    let mut all = Measurement::default();
    for window in shares {
        let of_seats = window.seats.iter().map(|(_, share)| *share);
        all.add(window.ticks, window.finished, of_seats, window.best);
    }
    all
}

/// Pay and slash in wei of the worker at `index`, which accepted, if its agreement were settled with these
/// shares.
#[must_use]
pub fn pay_and_slash(
    terms: &Terms,
    progress: &Progress,
    (index, worker): (u8, &WorkerTerms),
    shares: &[WindowShares],
) -> (u128, u128) {
    let Measurement { finished, paid, best, .. } = measurement(shares);
    let course = &progress.course;
    let judgement = Judgement {
        best,
        ticks: course.judged_length(terms, index),
        resigned: course.has_resigned(index),
    };
    let length = terms.header.length;
    (
        money::pay(worker.price, finished, worker.promise, paid),
        money::slash(worker.bond, length, worker.promise, &judgement),
    )
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Address;
    use muster_protocol::abi::IWorkAgreement::Reported;
    use muster_protocol::course::Course;
    use muster_protocol::layout::{Terms, TermsHeader, WorkerTerms};

    use super::{WindowShares, measurement, pay_and_slash, window_shares};
    use crate::agreement::Progress;
    use crate::agreement::seats::{holds_seat, seats, window_seats};

    /// Two workers at 1 wei, four windows of ten ticks, three testers of a list of five, four probes.
    fn terms() -> Terms {
        let head = TermsHeader {
            windows: 4,
            length: 40,
            testers: 3,
            pool: 5,
            probes: 4,
            ..TermsHeader::default()
        };
        let worker = WorkerTerms { price: 1, promise: 9_000, bond: 400, ..WorkerTerms::default() };
        Terms::new(head, [worker; 2])
    }

    /// Only the first worker accepted.
    fn progress() -> Progress {
        let course = Course { start: 1, accepted: 0b01, planned: 40, ..Course::default() };
        Progress { course, seed: [3; 16], released: 0, freed: false }
    }

    /// Reports of every place about worker 0: window 0 was served, window 1 by half.
    fn reports() -> Vec<Reported> {
        let report = |place| Reported {
            tester: Address::ZERO,
            place,
            findings: vec![0, 0, 4, 4, 0, 1, 4, 2].into(),
        };
        (0..5).map(report).collect()
    }

    #[test]
    fn seats_of_a_place_match_the_drawn_windows() {
        let seed = [3; 16];
        for place in 0..5 {
            for window in 0..4 {
                let drawn = window_seats(&terms(), &seed, window).contains(&place);
                assert_eq!(drawn, seats(&terms(), &seed, place) & (1 << window) != 0);
                let of_place = seats(&terms(), &seed, place);
                assert_eq!(drawn, holds_seat(of_place, u8::try_from(window).unwrap()));
            }
        }
    }

    #[test]
    fn only_seats_and_workers_that_accepted_count() {
        let [first, second] = window_shares(&terms(), &progress(), &reports()).try_into().unwrap();
        let medians: Vec<_> = first.iter().map(WindowShares::median).collect();
        assert_eq!(medians, [Some(12), Some(6), None, None]);
        assert_eq!((first[0].seats.len(), first[0].paid().len(), first[0].best), (3, 3, 12));
        assert_eq!(second, []);

        let seed = progress().seed;
        let without = (0..5).find(|place| seats(&terms(), &seed, *place) & 1 == 0).unwrap();
        let outsider: Vec<_> =
            reports().into_iter().filter(|report| report.place == without).collect();
        let shares = window_shares(&terms(), &progress(), &outsider);
        assert_eq!(shares[0][0].median(), None);
    }

    #[test]
    fn windows_are_judged_until_a_worker_leaves() {
        let judged = |progress: Progress| {
            let shares = window_shares(&terms(), &progress, &reports()).remove(0);
            let worker = *terms().worker(0).unwrap();
            let (pay, slash) = pay_and_slash(&terms(), &progress, (0, &worker), &shares);
            (shares.len(), measurement(&shares).measured.basis_points(), pay, slash)
        };
        assert_eq!(judged(progress()), (4, 7_500, 30, 66));
        let mut left = progress();
        (left.course.resigned, left.course.left[0]) = (0b1, 15);
        // Paid for window 0; half of window 1 counts against the bond.
        assert_eq!(judged(left), (2, 8_333, 10, 11 + 40));
        let mut cancelled = progress();
        cancelled.course.planned = 10;
        assert_eq!(judged(cancelled), (1, 10_000, 10, 0));
    }
}
