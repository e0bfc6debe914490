//! Reports.

use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, NotTheTester, NothingReported, PlaceOutOfRange, Reported,
    WindowOutOfRange, WrongState,
};
use muster_client::protocol::abi::{Finding, Order, State};
use muster_client::{Market, OrderRequest, Purchase};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::unsigned_entry;
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::order;

/// A market, its testers, and an agreement of four windows that is ready for reports.
async fn reportable_agreement(redundancy: u8) -> (TestEnv, Vec<Market>, Purchase) {
    let env = TestEnv::new().await;
    let mut workers = Vec::new();
    for number in 1..=redundancy {
        workers.push(env.worker(offer(number.into())).await);
    }
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy, length: 24 }).await;
    for worker in &workers {
        env.accept(worker, &purchase).await;
    }
    env.advance(24).await;
    (env, testers, purchase)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_on_eight_workers_is_stored_as_sent() {
    let (env, testers, purchase) = reportable_agreement(8).await;
    let entries: Vec<_> =
        (0..8).map(|index| unsigned_entry(index, 0b1111, u32::from(index) * 2 % 16)).collect();
    let address = purchase.agreement;
    let call = env.report_call(&testers[1], address, 1, &entries).await;
    let entries = call.entries.clone();
    let receipt = env.send(&testers[1], address, &call, 0).await.unwrap();
    let tester = testers[1].account().unwrap();
    let findings = entries.iter().copied().map(Finding::from).collect();
    let event = Reported { tester, place: 1, findings };
    assert_eq!(env.events(&receipt), [agreement_event(address, event.clone())]);

    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reports().await.unwrap(), [event]);
    for place in 0..3 {
        for (index, entry) in (0..).zip(&entries) {
            let expected = if place == 1 { (entry.checked, entry.served) } else { (0, 0) };
            assert_eq!(view.reported(place, index).await.unwrap(), expected);
        }
    }
    let none = [(1, 8), (1, 255), (9, 0), (u32::MAX, 7)];
    for (place, index) in none {
        assert_eq!(view.reported(place, index).await.unwrap(), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_reports_once_whatever_the_report_is_about() {
    let (env, testers, purchase) = reportable_agreement(8).await;
    let address = purchase.agreement;
    // About the first four workers, about the last four, about all.
    let reports = [
        vec![unsigned_entry(0, 1, 0)],
        vec![unsigned_entry(7, 0b1000, 0b1000)],
        (0..8).map(|index| unsigned_entry(index, 15, 0)).collect(),
    ];
    for ((place, tester), entries) in (0..).zip(&testers).zip(reports) {
        let call = env.report_call(tester, address, place, &entries).await;
        env.send(tester, address, &call, 0).await.unwrap();
        for index in [0, 7] {
            let again =
                env.report_call(tester, address, place, &[unsigned_entry(index, 2, 2)]).await;
            let refusal = agreement_error(AlreadyReported { place });
            assert_eq!(env.send(tester, address, &again, 0).await, refusal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_from_the_account_at_its_place() {
    let (env, testers, purchase) = reportable_agreement(1).await;
    let address = purchase.agreement;
    let caller = testers[0].account().unwrap();
    for place in [1, 2] {
        let call = env.report_call(&testers[0], address, place, &[unsigned_entry(0, 1, 1)]).await;
        let refusal = agreement_error(NotTheTester { place, caller });
        assert_eq!(env.send(&testers[0], address, &call, 0).await, refusal);
    }
    for place in [3, 4, u32::MAX] {
        let call = env.report_call(&testers[0], address, place, &[unsigned_entry(0, 1, 1)]).await;
        let refusal = agreement_error(PlaceOutOfRange { place, pool: 3 });
        assert_eq!(env.send(&testers[0], address, &call, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_checks_in_after_the_purchase_reports_nothing() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    env.testers(4).await;
    // The next epoch's list has four places; a fifth tester checks in after the purchase, for the
    // epoch after that.
    env.advance(env.settings.epochLength).await;
    let wanted = Order { windows: 1, testers: 3, ..order(1, 8) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    let late = env.testers(1).await.remove(0);
    env.accept(&ada, &purchase).await;
    env.advance(8).await;
    assert_eq!(agreement(&cleo, &purchase).await.terms().header.pool, 4);
    for (place, refusal) in [
        (0, agreement_error(NotTheTester { place: 0, caller: late.account().unwrap() })),
        (4, agreement_error(PlaceOutOfRange { place: 4, pool: 4 })),
    ] {
        let call =
            env.report_call(&late, purchase.agreement, place, &[unsigned_entry(0, 1, 1)]).await;
        assert_eq!(env.send(&late, purchase.agreement, &call, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_report_is_refused_as_a_whole() {
    let (env, testers, purchase) = reportable_agreement(2).await;
    let address = purchase.agreement;
    let bad = |entry| agreement_error(BadEntry { entry });
    let wide = |entry| agreement_error(WindowOutOfRange { entry, windows: 4 });
    let good = unsigned_entry(0, 3, 1);
    let cases = [
        (vec![], agreement_error(NothingReported {})),
        (vec![unsigned_entry(2, 1, 1)], bad(0)),
        (vec![unsigned_entry(255, 1, 1)], bad(0)),
        (vec![unsigned_entry(0, 0, 0)], bad(0)),
        (vec![unsigned_entry(0, 0, 1)], bad(0)),
        (vec![unsigned_entry(0, 1, 2)], bad(0)),
        (vec![unsigned_entry(0, 1, 3)], bad(0)),
        (vec![good, good], bad(1)),
        (vec![unsigned_entry(1, 1, 1), good], bad(1)),
        (vec![good, unsigned_entry(2, 1, 1)], bad(1)),
        (vec![good, unsigned_entry(1, 0, 0)], bad(1)),
        (vec![unsigned_entry(0, 16, 0)], wide(0)),
        (vec![unsigned_entry(0, 31, 31)], wide(0)),
        (vec![good, unsigned_entry(1, 1 << 31, 0)], wide(1)),
    ];
    for (entries, refusal) in cases {
        let call = env.report_call(&testers[0], address, 0, &entries).await;
        assert_eq!(env.send(&testers[0], address, &call, 0).await, refusal, "{call:?}");
    }
    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reported(0, 0).await.unwrap(), (0, 0));
    assert!(view.reports().await.unwrap().is_empty());
    let call = env.report_call(&testers[0], address, 0, &[good, unsigned_entry(1, 15, 15)]).await;
    env.send(&testers[0], address, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn untested_work_takes_no_reports() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 8))).await;
    let call = env.report_call(&ada, purchase.agreement, 0, &[unsigned_entry(0, 1, 1)]).await;
    let refusal = agreement_error(WrongState { state: State::Offered });
    assert_eq!(env.send(&ada, purchase.agreement, &call, 0).await, refusal);
    env.accept(&ada, &purchase).await;
    env.advance(8).await;
    let refusal = agreement_error(PlaceOutOfRange { place: 0, pool: 0 });
    assert_eq!(env.send(&ada, purchase.agreement, &call, 0).await, refusal);
}
