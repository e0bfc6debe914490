//! Looking at many agreements at once shows what looking at each of them shows.

use alloy::primitives::Address;
use muster_client::protocol::abi::{Clock, Order, State};
use muster_client::protocol::settings;
use muster_client::{Agreement, MarketError, Offer, OrderRequest, Snapshot};

use crate::harness::receipts::probed;
use crate::harness::{TestEnv, agreement, offer};
use crate::quote::order;

/// What the calls of one agreement show, each made by itself.
async fn looked_at(agreement: &Agreement, place: Option<u32>) -> Snapshot {
    let has_reported = match place {
        Some(place) => agreement.reported(place).await.unwrap(),
        None => false,
    };
    let is_settled = matches!(agreement.state().await.unwrap(), State::Settled | State::Void);
    Snapshot { progress: agreement.progress().await.unwrap(), is_settled, has_reported }
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_show_what_each_agreement_shows() {
    let env = TestEnv::with(settings::dev(Clock::Second)).await;
    let ada = env.worker(Offer { capacity: 99, ..offer(1_000) }).await;
    let (testers, cleo) = (env.testers(3).await, env.new_account().await);
    let tested = OrderRequest::Custom(Order { windows: 4, testers: 3, ..order(1, 24) });
    let settled = env.buy(&cleo, tested).await;
    env.accept(&ada, &settled).await;
    let reporter = agreement(&testers[0], &settled).await;
    let end = reporter.times(&reporter.progress().await.unwrap()).end();
    env.advance_to(end).await;
    env.report(&testers[0], &settled, &probed(0, "1111")).await;
    let void = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    env.advance(env.settings.reportWindow.max(env.settings.acceptWindow) + 1).await;
    env.settle(&cleo, &settled).await;
    env.settle(&cleo, &void).await;
    // Whoever did not accept has less reputation now, so another is chosen.
    let ben = env.worker(Offer { capacity: 99, ..offer(1_000) }).await;
    let running = env.buy(&cleo, tested).await;
    env.accept(&ben, &running).await;
    let offered = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;

    let addresses = [&settled, &void, &running, &offered].map(|purchase| purchase.agreement);
    let mut agreements = Vec::new();
    for found in cleo.agreements_at(&addresses).await.unwrap() {
        agreements.push(found.unwrap());
    }
    let place = testers[0].place(testers[0].account().unwrap(), reporter.terms().header.epoch);
    let place = place.await.unwrap();
    assert!(place.is_some());
    let asked: Vec<_> = agreements.iter().map(|agreement| (agreement, place)).collect();
    let mut shown = Vec::new();
    for (snapshot, (agreement, place)) in
        cleo.snapshots(&asked).await.unwrap().into_iter().zip(&asked)
    {
        let snapshot = snapshot.unwrap();
        assert_eq!(snapshot, looked_at(agreement, *place).await);
        shown.push((snapshot.progress.start() > 0, snapshot.is_settled, snapshot.has_reported));
    }
    let expected =
        [(true, true, true), (false, true, false), (true, false, false), (false, false, false)];
    assert_eq!(shown, expected);
    let without_place = cleo.snapshots(&[(&agreements[0], None)]).await.unwrap();
    assert!(!without_place[0].as_ref().unwrap().has_reported);

    let places: Vec<_> = (0..3).collect();
    let which = reporter.which_reported(&places).await.unwrap();
    let expected = [0, 1, 2].map(|at| place == Some(at));
    assert_eq!(which, expected);
    let windows = agreements[2].testers_of(&[0, 3]).await.unwrap();
    let each = [agreements[2].testers(0).await.unwrap(), agreements[2].testers(3).await.unwrap()];
    assert_eq!(windows, each);
    assert_eq!(windows[0].len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_agreement_is_named_among_those_that_are() {
    let env = TestEnv::with(settings::dev(Clock::Second)).await;
    env.worker(offer(1_000)).await;
    let cleo = env.new_account().await;
    let bought = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 24 }).await;
    let nobody = Address::repeat_byte(7);
    let found = cleo.agreements_at(&[nobody, bought.agreement]).await.unwrap();
    assert!(matches!(found[0], Err(MarketError::NotAnAgreement(address)) if address == nobody));
    assert_eq!(found[1].as_ref().unwrap().address(), bought.agreement);
    assert!(cleo.snapshots(&[]).await.unwrap().is_empty());
}
