//! Reports: who may post what, and what of it is stored.

use alloy::primitives::U256;
use muster_client::protocol::abi::IWorkAgreement::{
    AlreadyReported, BadEntry, NoSeat, NotTheTester, NothingReported, PlaceOutOfRange, Reported,
    TooFewProbes, WindowOutOfRange, WrongState, reportCall, sharesCall, sharesReturn,
};
use muster_client::protocol::abi::{Clock, Order, Settings, State};
use muster_client::protocol::report::Entry;
use muster_client::protocol::settings;
use muster_client::{Market, OrderRequest, Purchase};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::receipts::{probed, unsigned_entry};
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::order;

/// A market, a list of `pool` testers, the client, and an agreement that has ended, of `windows` windows of six ticks with
/// three seats each: most places hold no seat in some of them.
pub(crate) async fn ended_agreement(
    pool: u32,
    windows: u8,
) -> (TestEnv, Vec<Market>, Market, Purchase) {
    let env = TestEnv::with(Settings { minPool: pool, ..settings::dev(Clock::Second) }).await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(usize::try_from(pool).unwrap()).await;
    let length = 6 * u32::from(windows);
    let wanted = Order { windows, testers: 3, ..order(1, length.into()) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    env.accept(&ada, &purchase).await;
    env.advance(length).await;
    (env, testers, cleo, purchase)
}

/// A market, its testers, and an agreement of four windows of six ticks that is ready for reports.
pub(crate) async fn reportable_agreement(redundancy: u8) -> (TestEnv, Vec<Market>, Purchase) {
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

/// The stored shares of a worker in a window: the best one, and each seat's.
pub(crate) async fn stored_shares(
    env: &TestEnv,
    purchase: &Purchase,
    index: u8,
    window: u8,
) -> (u8, Vec<u8>) {
    let call = sharesCall { index, window: U256::from(window) };
    let sharesReturn { best, seats } =
        env.call(env.dispatcher, purchase.agreement, &call, 0).await.unwrap();
    (best, seats)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_on_eight_workers_is_stored_as_sent() {
    let (env, testers, purchase) = reportable_agreement(8).await;
    let (address, tester) = (purchase.agreement, testers[1].account().unwrap());
    let served = |index: u8, window: u8| (index + window) % 4;
    // The last window of every second worker is left out; two of three probes suffice.
    let windows = |index: u8| 0..4 - index % 2;
    let made = |window: u8| if window == 2 { 2 } else { 3 };
    let entries = |index| {
        windows(index).map(move |window| {
            let made = made(window);
            unsigned_entry(index, window, made, served(index, window).min(made))
        })
    };
    let entries: Vec<_> = (0..8).flat_map(entries).collect();
    let call = env.report_call(&testers[1], address, 1, &entries).await;
    let receipt = env.send(&testers[1], address, &call, 0).await.unwrap();
    let findings: Vec<u8> = entries
        .iter()
        .flat_map(|entry| [entry.index, entry.window, entry.made, entry.served])
        .collect();
    let event = Reported { tester, place: 1, findings: findings.into() };
    assert_eq!(env.events(&receipt), [agreement_event(address, event.clone())]);

    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(view.reports().await.unwrap(), [event]);
    for (place, reported) in [(0, false), (1, true), (2, false), (3, false), (u32::MAX, false)] {
        assert_eq!(view.reported(place).await.unwrap(), reported, "{place}");
    }
    for window in 0..4 {
        let seats = view.testers(window).await.unwrap();
        let seat = seats.iter().position(|seat| seat.account == tester).unwrap();
        for index in 0..8 {
            let (best, seats) = stored_shares(&env, &purchase, index, window).await;
            let (made, mut stored) = (made(window), [0; 3]);
            let served = served(index, window).min(made);
            // One more than twelfths: of three probes made, or of two.
            let (share, of_all) = (12 * served / made + 1, 4 * served + 1);
            let known = windows(index).contains(&window);
            stored[seat] = if known { share } else { 0 };
            assert_eq!(seats, stored, "{index} in {window}");
            assert_eq!(best, if known { of_all } else { 0 }, "{index} in {window}");
        }
    }
    for index in [8, 255] {
        assert_eq!(stored_shares(&env, &purchase, index, 0).await, (0, vec![]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_reports_once_whatever_the_report_is_about() {
    let (env, testers, purchase) = reportable_agreement(8).await;
    let address = purchase.agreement;
    // About one window of the first worker, one of the last, all of everybody.
    let all: Vec<_> = (0..8).flat_map(|index| probed(index, "0000")).collect();
    let reports = [probed(0, "0---"), probed(7, "---3"), all];
    for ((place, tester), entries) in (0..).zip(&testers).zip(reports) {
        let call = env.report_call(tester, address, place, &entries).await;
        env.send(tester, address, &call, 0).await.unwrap();
        for index in [0, 7] {
            let again = env.report_call(tester, address, place, &probed(index, "-3--")).await;
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
        let call = env.report_call(&testers[0], address, place, &probed(0, "3")).await;
        let refusal = agreement_error(NotTheTester { place, caller });
        assert_eq!(env.send(&testers[0], address, &call, 0).await, refusal);
    }
    for place in [3, 4, u32::MAX] {
        let call = env.report_call(&testers[0], address, place, &probed(0, "3")).await;
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
    let wanted = Order { windows: 1, testers: 3, ..order(1, 12) };
    let purchase = env.buy(&cleo, OrderRequest::Custom(wanted)).await;
    let late = env.testers(1).await.remove(0);
    env.accept(&ada, &purchase).await;
    env.advance(12).await;
    assert_eq!(agreement(&cleo, &purchase).await.terms().header.pool, 4);
    for (place, refusal) in [
        (0, agreement_error(NotTheTester { place: 0, caller: late.account().unwrap() })),
        (4, agreement_error(PlaceOutOfRange { place: 4, pool: 4 })),
    ] {
        let call = env.report_call(&late, purchase.agreement, place, &probed(0, "3")).await;
        assert_eq!(env.send(&late, purchase.agreement, &call, 0).await, refusal);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invalid_report_is_refused_as_a_whole() {
    let (env, testers, purchase) = reportable_agreement(2).await;
    let address = purchase.agreement;
    let bad = |entry| agreement_error(BadEntry { entry });
    let beyond = |entry, window| agreement_error(WindowOutOfRange { entry, window });
    let few = |entry, made| agreement_error(TooFewProbes { entry, made, needed: 2 });
    let (good, next) = (unsigned_entry(0, 0, 3, 1), unsigned_entry(0, 1, 3, 3));
    let other = unsigned_entry(1, 0, 3, 3);
    let cases = [
        (vec![], agreement_error(NothingReported {})),
        (vec![unsigned_entry(2, 0, 3, 3)], bad(0)),
        (vec![unsigned_entry(255, 0, 3, 0)], bad(0)),
        // More served than made, more made than were due.
        (vec![unsigned_entry(0, 0, 2, 3)], bad(0)),
        (vec![unsigned_entry(0, 0, 0, 1)], bad(0)),
        (vec![unsigned_entry(0, 0, 4, 3)], bad(0)),
        (vec![unsigned_entry(0, 0, 255, 0)], bad(0)),
        // Twice, and out of order.
        (vec![good, good], bad(1)),
        (vec![next, good], bad(1)),
        (vec![other, good], bad(1)),
        (vec![other, next], bad(1)),
        (vec![good, next, next], bad(2)),
        (vec![good, unsigned_entry(2, 0, 3, 1)], bad(1)),
        (vec![good, next, unsigned_entry(1, 0, 3, 4)], bad(2)),
        // Windows that the agreement does not have.
        (vec![unsigned_entry(0, 4, 3, 0)], beyond(0, 4)),
        (vec![unsigned_entry(1, 255, 3, 3)], beyond(0, 255)),
        (vec![good, unsigned_entry(1, 21, 3, 0)], beyond(1, 21)),
        // Fewer than two thirds of the probes, even if all were served.
        (vec![unsigned_entry(0, 0, 0, 0)], few(0, 0)),
        (vec![unsigned_entry(0, 0, 1, 1)], few(0, 1)),
        (vec![good, unsigned_entry(1, 3, 1, 0)], few(1, 1)),
    ];
    for (entries, refusal) in cases {
        let call = env.report_call(&testers[0], address, 0, &entries).await;
        assert_eq!(env.send(&testers[0], address, &call, 0).await, refusal, "{entries:?}");
    }
    // Cut off in the head, in the receipt, and in the second entry.
    let whole = env.report_call(&testers[0], address, 0, &[good, other]).await;
    for (bytes, entry) in [(7, 0), (71, 0), (73, 1), (143, 1)] {
        let cut = reportCall { entries: whole.entries.slice(..bytes), ..whole.clone() };
        assert_eq!(env.send(&testers[0], address, &cut, 0).await, bad(entry), "{bytes} bytes");
    }
    let view = agreement(&testers[0], &purchase).await;
    assert_eq!(stored_shares(&env, &purchase, 0, 0).await, (0, vec![0; 3]));
    assert!(view.reports().await.unwrap().is_empty() && !view.reported(0).await.unwrap());
    env.send(&testers[0], address, &whole, 0).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_on_a_window_without_a_seat() {
    let (env, testers, cleo, purchase) = ended_agreement(5, 4).await;
    let view = agreement(&cleo, &purchase).await;
    for (place, tester) in (0..).zip(&testers) {
        let seats = view.seats(tester.account().unwrap()).await.unwrap();
        for window in 0..4 {
            let entries = [unsigned_entry(0, window, 3, 3)];
            let call = env.report_call(tester, purchase.agreement, place, &entries).await;
            let from = tester.account().unwrap();
            let answer = env.call(from, purchase.agreement, &call, 0).await.err();
            let refusal = agreement_error::<()>(NoSeat { entry: 0, window });
            let seated = seats >> window & 1 == 1;
            assert_eq!(answer, if seated { None } else { refusal.err() });
        }
        // One window without a seat spoils the report.
        if let Some(window) = (0..4).find(|window| seats >> window & 1 == 0) {
            let entries = probed(0, "3333");
            let call = env.report_call(tester, purchase.agreement, place, &entries).await;
            let refusal = agreement_error(NoSeat { entry: window, window });
            assert_eq!(env.send(tester, purchase.agreement, &call, 0).await, refusal);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_on_windows_that_are_not_over() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let testers = env.testers(3).await;
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    let to = purchase.agreement;
    let call = env.report_call(&testers[0], to, 0, &probed(0, "3")).await;
    let refused = |state| agreement_error(WrongState { state });
    assert_eq!(env.send(&testers[0], to, &call, 0).await, refused(State::Offered));
    let start = env.next_tick().await;
    env.accept(&ada, &purchase).await;
    // Not even on windows that are over, before the end.
    for tick in [0, 6, 23] {
        env.advance_to(start + tick).await;
        assert_eq!(env.send(&testers[0], to, &call, 0).await, refused(State::Running));
    }
    env.advance_to(start + 24).await;
    env.send(&testers[0], to, &call, 0).await.unwrap();
    env.advance_to(start + 24 + 5).await;
    let call = env.report_call(&testers[1], to, 1, &probed(0, "3")).await;
    assert_eq!(env.send(&testers[1], to, &call, 0).await, refused(State::Due));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reports_on_a_worker_that_did_not_accept() {
    let env = TestEnv::new().await;
    let (ada, _) = (env.worker(offer(1)).await, env.worker(offer(2)).await);
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 24 }).await;
    env.accept(&ada, &purchase).await;
    env.advance(24).await;
    let to = purchase.agreement;
    // Neither that it failed, nor, with its receipt, that it served.
    for entry in [unsigned_entry(1, 0, 3, 0), unsigned_entry(1, 0, 3, 3)] {
        let entries: [Entry; 2] = [unsigned_entry(0, 0, 3, 3), entry];
        let call = env.report_call(&testers[0], to, 0, &entries).await;
        let refusal = agreement_error(WindowOutOfRange { entry: 1, window: 0 });
        assert_eq!(env.send(&testers[0], to, &call, 0).await, refusal);
    }
    env.report(&testers[0], &purchase, &probed(0, "3333")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn untested_work_takes_no_reports() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Custom(order(1, 12))).await;
    let call = env.report_call(&ada, purchase.agreement, 0, &probed(0, "3")).await;
    env.accept(&ada, &purchase).await;
    env.advance(12).await;
    let refusal = agreement_error(PlaceOutOfRange { place: 0, pool: 0 });
    assert_eq!(env.send(&ada, purchase.agreement, &call, 0).await, refusal);
}
