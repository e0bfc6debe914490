//! Reports, and what a settlement pays for them.

use super::*;

/// Settles an agreement of the second worker for 24 seconds, with these reports.
fn settled(served: [&[u8]; 3]) -> AgreementSettled {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    assert_eq!(model.balance(to), 360);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_001 + 24);
    report(&mut model, to, served);
    settle_at(&mut model, to, 10_001 + 24 + 5)
}

#[test]
fn half_a_service_is_half_a_price_and_part_of_a_bond() {
    let end = settled([&[3, 3, 0, 0]; 3]);
    // The slash is (9 000 × 4 − 10 000 × 2) / (9 000 × 4) of a bond of 100.
    let result = WorkerResult {
        account: account(2),
        pay: 120,
        slash: 44,
        fees: 120,
        accepted: true,
        resigned: false,
        ticks: 24,
        known: 4,
        uptime: 5_000,
    };
    assert_eq!((end.refund, end.compensation, end.workers), (120, 44, vec![result]));
    let seats: Vec<_> = end.testers.iter().map(|tester| (tester.seats, tester.fee)).collect();
    assert_eq!(seats, [(4, 40); 3]);
}

#[test]
fn two_of_three_probes_are_two_thirds_of_a_price() {
    let end = settled([&[2; 4]; 3]);
    // The slash is (9 000 × 12 − 10 000 × 8) / (9 000 × 12) of a bond of 100.
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.uptime), (160, 25, 6_666));
}

#[test]
fn a_bond_pays_only_for_what_no_seat_can_vouch_for() {
    let end = settled([&[3; 4], &[0; 4], &[0; 4]]);
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.fees), (0, 0, 80));
    // One seat alone decides the pay, but not the bond.
    let end = settled([&[0; 4], &[3], &[3]]);
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.known), (60, 0, 4));
}

#[test]
fn a_seat_far_from_the_median_is_not_paid() {
    let end = settled([&[3; 4], &[3; 4], &[1; 4]]);
    let fees: u128 = end.testers.iter().map(|tester| tester.fee).sum();
    assert_eq!((end.workers[0].pay, end.workers[0].fees, fees), (240, 80, 80));
    let end = settled([&[3; 4], &[3; 4], &[2; 4]]);
    assert_eq!(end.workers[0].fees, 120);
}

#[test]
fn an_absence_costs_a_tenth_once_and_is_burned() {
    let mut model = test_market();
    let to = buy(&mut model, 2);
    let end = settle_at(&mut model, to, 10_004);
    assert_eq!((end.refund, end.compensation), (960, 0));
    assert_eq!(end.workers.iter().map(|worker| worker.slash).collect::<Vec<_>>(), [10, 10]);
    assert_eq!(model.burned(), 20);
    let worker = model.worker_view(account(2)).unwrap();
    assert_eq!((worker.misses, worker.available, worker.listed), (1, false, false));
    let reputation = model.reputation_view(account(2)).unwrap();
    assert_eq!((reputation.good, reputation.bad), (0, 1 << 32));
}

#[test]
fn resigning_in_the_last_second_does_not_save_a_bond() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_001 + 23);
    call_ok(&mut model, account(2), 0, (to, resignCall {}));
    report(&mut model, to, [&[0; 4]; 3]);
    let end = settle_at(&mut model, to, 10_029);
    let worker = &end.workers[0];
    assert_eq!((worker.pay, worker.slash, worker.known, worker.ticks), (0, 100, 4, 23));
}

#[test]
fn a_batch_stores_the_good_reports_and_names_the_others() {
    let mut model = test_market();
    let to = buy(&mut model, 1);
    accept(&mut model, to, 2);
    model.begin_block(3, 10_001 + 24);
    let mut batch = Vec::new();
    // Place 0 twice, place 1 with a signature of somebody else, place 2.
    for (place, signer) in [(0, 3), (0, 3), (1, 3), (2, 5)] {
        let entries = entries(&mut model, to, place, &[3, 1, 0, 2]);
        let (r, vs) = (B256::with_last_byte(place + 1), B256::with_last_byte(8));
        model.sign_report(to, account(signer), (place.into(), SALT), &entries, (r, vs));
        let signed = SignedReport { place: place.into(), salt: SALT, r, vs, entries: &entries };
        batch.extend_from_slice(&signed.head());
        batch.extend_from_slice(&entries);
    }
    let reported = |place, tester| {
        let findings = [0, 0, 3, 3, 0, 1, 3, 1, 0, 2, 3, 0, 0, 3, 3, 2].into();
        IWorkAgreementEvents::Reported(Reported { tester: account(tester), place, findings })
    };
    let skipped = |place, selector: [u8; 4]| {
        let reason = selector.into();
        IWorkAgreementEvents::ReportSkipped(ReportSkipped { place, reason })
    };
    let expected = [
        reported(0, 3),
        skipped(0, AlreadyReported::SELECTOR),
        skipped(1, NotTheTester::SELECTOR),
        reported(2, 5),
    ];
    let events = call_ok(&mut model, CLIENT, 0, (to, reportBatchCall { reports: batch.into() }));
    assert_eq!(events, expected.map(|event| ModelEvent::Agreement(to, event)));
    assert_eq!(model.unreported_places(to), [1]);
}
