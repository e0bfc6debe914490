//! What the reports of an agreement say so far, counted as the agreement counts them.

use terms::abi::IWorkAgreement::Reported;
use terms::layout::Terms;
use terms::verdict::{Record, Verdict, judge};

use crate::testers::window_seats;

/// The verdict of each window, for each worker, from the reports that have come in. Only seats count:
/// a report says nothing about windows in which its place holds none.
#[must_use]
pub fn verdicts(terms: &Terms, seed: &[u8; 16], reports: &[Reported]) -> Vec<Vec<Verdict>> {
    let windows: Vec<_> =
        (0..u32::from(terms.head.windows)).map(|k| (k, window_seats(terms, seed, k))).collect();
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
        judge(served, failed)
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
