use alloy::primitives::Bytes;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::course::Course;
use muster_client::protocol::layout::{TermsHeader, WorkerTerms};
use muster_client::{encode_entries, failed_entry, window_seats};

use super::*;

const DOMAIN: B256 = B256::repeat_byte(1);

const SESSION: Session = Session { salt: B256::repeat_byte(2) };

/// An agreement of two workers in four windows of ten ticks, whose second worker resigned in the third, and a tester.
struct Fixture {
    terms: Terms,
    progress: Progress,
    worker: PrivateKeySigner,
    tester: PrivateKeySigner,
    place: u32,
}

impl Fixture {
    fn new() -> Self {
        let [worker, tester] = [(); 2].map(|()| PrivateKeySigner::random());
        let header = TermsHeader {
            length: 40,
            windows: 4,
            testers: 2,
            pool: 3,
            probes: 12,
            redundancy: 2,
            ..TermsHeader::default()
        };
        let account = worker.address();
        let terms = Terms::new(header, [WorkerTerms { account, ..WorkerTerms::default() }; 2]);
        let mut course =
            Course { start: 100, accepted: 0b11, resigned: 0b10, planned: 40, ..Course::default() };
        course.left[1] = 25;
        let progress = Progress { course, seed: [5; 16], released: 0, freed: false };
        // A place without a seat in some window, and with one in the third.
        let holds = |place: u32, window| window_seats(&terms, &[5; 16], window).contains(&place);
        let place = (0..3).find(|place| holds(*place, 2) && !(0..4).all(|k| holds(*place, k)));
        Self { place: place.unwrap(), terms, progress, worker, tester }
    }

    /// A window in which the place has a seat, or has none.
    fn window(&self, is_held: bool) -> u8 {
        let holds = |window: u8| {
            window_seats(&self.terms, &self.progress.seed, window.into()).contains(&self.place)
        };
        (0..4).find(|window| holds(*window) == is_held).unwrap()
    }

    /// An entry with a receipt for these parts.
    fn served(&self, index: u8, window: u8, (made, served): (u8, u8), parts: u32) -> Entry {
        let id = SESSION.id(self.tester.address(), window);
        let receipt = ServiceReceipt::sign(&self.worker, DOMAIN, id, window, parts).unwrap();
        receipt.entry(index, made, served)
    }

    fn report(&self, entries: &[Entry]) -> PostedReport {
        PostedReport::sign(&self.tester, DOMAIN, self.place, &SESSION, entries).unwrap()
    }

    fn accepts(&self, report: &PostedReport) -> bool {
        let Self { terms, progress, tester, .. } = self;
        ReportCheck { terms, progress, domain: DOMAIN }.accepts(tester.address(), report)
    }
}

#[test]
fn reports_that_the_contract_would_store_are_accepted() {
    let fixture = Fixture::new();
    let window = fixture.window(true);
    let entries =
        [fixture.served(0, window, (8, 5), 0b111), fixture.served(1, window, (12, 12), 0b11_1111)];
    assert!(fixture.accepts(&fixture.report(&entries)));
    // Half of the window was judged: three of twelve probes are enough.
    assert!(fixture.accepts(&fixture.report(&[failed_entry(1, 2, 3)])));
}

#[test]
fn reports_that_the_contract_would_skip_are_not_accepted() {
    let fixture = Fixture::new();
    let (held, other) = (fixture.window(true), fixture.window(false));
    let served = |made, served, parts| fixture.served(0, held, (made, served), parts);
    for (why, entries) in [
        ("too few probes", vec![served(7, 7, 0b1111)]),
        ("too few probes in half a window", vec![failed_entry(1, 2, 2)]),
        ("a window in which the worker is not judged", vec![failed_entry(1, 3, 12)]),
        ("a window that is none", vec![failed_entry(0, 4, 12)]),
        ("a worker that is none", vec![failed_entry(2, held, 12)]),
        ("a window without a seat", vec![failed_entry(0, other, 12)]),
        ("too few parts", vec![served(12, 7, 0b111)]),
        ("more probes than a seat makes", vec![failed_entry(0, held, 13)]),
        ("more served than made", vec![served(8, 9, 0b1_1111)]),
        (
            "a receipt of another window",
            vec![Entry { window: held, ..fixture.served(0, 9, (8, 5), 7) }],
        ),
        ("an entry twice", vec![failed_entry(0, held, 12); 2]),
        ("a descending order", vec![failed_entry(1, held, 12), failed_entry(0, held, 12)]),
        ("nothing", vec![]),
    ] {
        assert!(!fixture.accepts(&fixture.report(&entries)), "{why}");
    }
    let good = fixture.report(&[failed_entry(0, held, 12)]);
    assert!(fixture.accepts(&good));
    let cut = Bytes::copy_from_slice(&encode_entries(&[failed_entry(0, held, 12)])[..7]);
    for (why, report) in [
        ("entries that were changed", PostedReport { entries: cut, ..good.clone() }),
        ("another place", PostedReport { place: 9, ..good.clone() }),
        ("another salt", PostedReport { salt: B256::ZERO, ..good.clone() }),
        ("no signature", PostedReport { r: B256::ZERO, ..good }),
    ] {
        assert!(!fixture.accepts(&report), "{why}");
    }
}
