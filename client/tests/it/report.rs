//! What a tester saw, once.

use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, NotTheTester, NothingReported, PlaceOutOfRange, Reported,
    WindowOutOfRange, WrongState,
};
use muster_client::protocol::abi::{Finding, Order, State};
use muster_client::{Market, Purchase, Want};

use crate::harness::receipts::seen;
use crate::harness::words::{contract, told};
use crate::harness::{World, agreement, offer};
use crate::quote::order;

/// A market, its testers, and an agreement of four windows about which they may report.
async fn ended(redundancy: u8) -> (World, Vec<Market>, Purchase) {
    let world = World::new().await;
    let mut workers = Vec::new();
    for number in 1..=redundancy {
        workers.push(world.worker(offer(number.into())).await);
    }
    let (testers, cleo) = (world.testers(3).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Usual { redundancy, length: 24 }).await;
    for worker in &workers {
        world.accept(worker, &purchase).await;
    }
    world.pass(24).await;
    (world, testers, purchase)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_on_eight_workers_is_kept_as_it_came() {
    let (world, testers, purchase) = ended(8).await;
    let entries: Vec<_> =
        (0..8).map(|index| seen(index, 0b1111, u32::from(index) * 2 % 16)).collect();
    let address = purchase.agreement;
    let call = world.testimony(&testers[1], address, 1, &entries).await;
    let entries = call.entries.clone();
    let receipt = world.send(&testers[1], address, &call, 0).await.unwrap();
    let tester = testers[1].account().unwrap();
    let findings = entries.iter().copied().map(Finding::from).collect();
    let event = Reported { tester, place: 1, findings };
    assert_eq!(world.events(&receipt), [told(address, event.clone())]);

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
async fn everybody_reports_once_whatever_it_was_about() {
    let (world, testers, purchase) = ended(8).await;
    let address = purchase.agreement;
    // About the first four, about the last four, about all.
    let reports = [
        vec![seen(0, 1, 0)],
        vec![seen(7, 0b1000, 0b1000)],
        (0..8).map(|index| seen(index, 15, 0)).collect(),
    ];
    for ((place, tester), entries) in (0..).zip(&testers).zip(reports) {
        let call = world.testimony(tester, address, place, &entries).await;
        world.send(tester, address, &call, 0).await.unwrap();
        for index in [0, 7] {
            let again = world.testimony(tester, address, place, &[seen(index, 2, 2)]).await;
            let refusal = contract(AlreadyReported { place });
            assert_eq!(world.send(tester, address, &again, 0).await, refusal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_comes_from_the_account_at_its_place() {
    let (world, testers, purchase) = ended(1).await;
    let address = purchase.agreement;
    let caller = testers[0].account().unwrap();
    for place in [1, 2] {
        let call = world.testimony(&testers[0], address, place, &[seen(0, 1, 1)]).await;
        let refusal = contract(NotTheTester { place, caller });
        assert_eq!(world.send(&testers[0], address, &call, 0).await, refusal);
    }
    for place in [3, 4, u32::MAX] {
        let call = world.testimony(&testers[0], address, place, &[seen(0, 1, 1)]).await;
        let refusal = contract(PlaceOutOfRange { place, pool: 3 });
        assert_eq!(world.send(&testers[0], address, &call, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_checks_in_after_the_purchase_reports_nothing() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1)).await, world.person().await);
    world.testers(4).await;
    // The next epoch's list has four places; a fifth comes after the purchase, for the epoch behind.
    world.pass(world.settings.epochLength).await;
    let wanted = Order { windows: 1, testers: 3, ..order(1, 8) };
    let purchase = world.buy(&cleo, Want::Order(wanted)).await;
    let late = world.testers(1).await.remove(0);
    world.accept(&ada, &purchase).await;
    world.pass(8).await;
    assert_eq!(agreement(&cleo, &purchase).await.terms().header.pool, 4);
    for (place, refusal) in [
        (0, contract(NotTheTester { place: 0, caller: late.account().unwrap() })),
        (4, contract(PlaceOutOfRange { place: 4, pool: 4 })),
    ] {
        let call = world.testimony(&late, purchase.agreement, place, &[seen(0, 1, 1)]).await;
        assert_eq!(world.send(&late, purchase.agreement, &call, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_with_a_fault_is_refused_whole() {
    let (world, testers, purchase) = ended(2).await;
    let address = purchase.agreement;
    let bad = |entry| contract(BadEntry { entry });
    let wide = |entry| contract(WindowOutOfRange { entry, windows: 4 });
    let good = seen(0, 3, 1);
    let cases = [
        (vec![], contract(NothingReported {})),
        (vec![seen(2, 1, 1)], bad(0)),
        (vec![seen(255, 1, 1)], bad(0)),
        (vec![seen(0, 0, 0)], bad(0)),
        (vec![seen(0, 0, 1)], bad(0)),
        (vec![seen(0, 1, 2)], bad(0)),
        (vec![seen(0, 1, 3)], bad(0)),
        (vec![good, good], bad(1)),
        (vec![seen(1, 1, 1), good], bad(1)),
        (vec![good, seen(2, 1, 1)], bad(1)),
        (vec![good, seen(1, 0, 0)], bad(1)),
        (vec![seen(0, 16, 0)], wide(0)),
        (vec![seen(0, 31, 31)], wide(0)),
        (vec![good, seen(1, 1 << 31, 0)], wide(1)),
    ];
    for (entries, refusal) in cases {
        let call = world.testimony(&testers[0], address, 0, &entries).await;
        assert_eq!(world.send(&testers[0], address, &call, 0).await, refusal, "{call:?}");
    }
    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reported(0, 0).await.unwrap(), (0, 0));
    assert!(view.reports().await.unwrap().is_empty());
    let call = world.testimony(&testers[0], address, 0, &[good, seen(1, 15, 15)]).await;
    world.send(&testers[0], address, &call, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_on_untested_work() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Order(order(1, 8))).await;
    let call = world.testimony(&ada, purchase.agreement, 0, &[seen(0, 1, 1)]).await;
    let refusal = contract(WrongState { state: State::Offered });
    assert_eq!(world.send(&ada, purchase.agreement, &call, 0).await, refusal);
    world.accept(&ada, &purchase).await;
    world.pass(8).await;
    let refusal = contract(PlaceOutOfRange { place: 0, pool: 0 });
    assert_eq!(world.send(&ada, purchase.agreement, &call, 0).await, refusal);
}
