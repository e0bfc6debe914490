//! A tester's life: looks, reports, fees, and what it does not say.

mod fixture;
mod mocks;

use std::sync::atomic::Ordering;

use muster_client::protocol::abi::State;
use muster_daemons::Payout;
use muster_daemons::tester::TesterOptions;
use muster_messaging::Claim;

use self::fixture::{TICKS, TesterFixture, options, wait_until};
use self::mocks::{Behavior, TransportState};
use crate::harness::TestChain;

#[tokio::test(flavor = "multi_thread")]
async fn with_a_pass_the_tester_stays_anonymous() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    for window in 0..2 {
        scene.enter_window_with_pass(window).await;
        scene.until_served(0, window).await;
    }
    let own = scene.context.message_key().unwrap().public();
    let asked = scene.workers[0].endpoint_requests.lock().unwrap().clone();
    let keys: Vec<_> = asked.iter().map(|(_, key)| *key).collect();
    assert_eq!(asked.len(), 2);
    assert_ne!(keys[0], keys[1], "a key for each window");
    for (claim, key) in asked {
        assert_ne!(key, own);
        assert!(matches!(claim, Claim::Delegate { delegation } if delegation.key == key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_pass_the_seat_is_shown_after_a_quarter_window() {
    let scene = TesterFixture::start(1).await;
    let start = scene.enter_window_with_pass(0).await;
    // Wait for the request, which nobody will answer.
    wait_until(async || !scene.transport.inner.wraps().is_empty()).await;
    assert_eq!(scene.workers[0].request_count(), 0);
    scene.chain.advance_to(start + TICKS / 4 + 60).await;
    scene.until_served(0, 0).await;
    let own = scene.context.message_key().unwrap().public();
    let [(claim, key)] =
        scene.workers[0].endpoint_requests.lock().unwrap().clone().try_into().unwrap();
    assert!(matches!(claim, Claim::Seat { window: 0, .. }), "{claim:?}");
    assert_eq!(key, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_pass_is_not_used() {
    let scene = TesterFixture::start(1).await;
    scene.answer_with_invalid_passes().await;
    for window in 0..2 {
        let start = scene.enter_window_with_pass(window).await;
        scene.chain.advance_to(start + TICKS / 4 + 60).await;
        scene.until_served(0, window).await;
    }
    let asked = scene.workers[0].endpoint_requests.lock().unwrap().clone();
    assert!(asked.iter().all(|(claim, _)| matches!(claim, Claim::Seat { .. })), "{asked:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_behavior_is_reported_and_the_fee_is_paid() {
    let mut scene = TesterFixture::start(3).await;
    scene.answer_passes().await;
    // Window 0: all well. Then one kind of trouble for each window.
    for (window, habit) in
        [Behavior::Honest, Behavior::Silent, Behavior::ServiceDown, Behavior::WrongReceipts]
            .into_iter()
            .enumerate()
    {
        let window = u8::try_from(window).unwrap();
        scene.workers[1].set_behavior(habit);
        scene.enter_window_with_pass(window).await;
        scene.until_served(0, window).await;
        if habit == Behavior::Honest {
            scene.until_served(1, window).await;
        } else {
            scene.until_failed(1, window).await;
        }
        scene.until_served(2, window).await;
    }
    let report = scene.until_reported().await;
    let entries: Vec<_> = report.findings.iter().map(|e| (e.index, e.checked, e.served)).collect();
    assert_eq!(entries, [(0, 0b1111, 0b1111), (1, 0b1111, 0b0001), (2, 0b1111, 0b1111)]);

    // Nobody else settles. The others said nothing, so this tester's word counts alone.
    let market = scene.chain.market(&scene.signer).await;
    let before = market.node().balance(scene.payout).await.unwrap();
    scene.until_settled().await;
    wait_until(async || market.node().balance(scene.payout).await.unwrap() > before).await;
    let settled = scene.agreement.settlement().await.unwrap().unwrap();
    let [part] = settled.testers.as_slice() else { panic!("{settled:?}") };
    assert_eq!((part.account, part.seats), (scene.signer.address(), 12));
    let fee = market.node().balance(scene.payout).await.unwrap() - before;
    assert_eq!(fee.to::<u128>(), part.fee);
    wait_until(async || scene.context.store().open_agreements().unwrap().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_recovers_within_the_window_has_served() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    scene.workers[0].set_behavior(Behavior::ServiceDown);
    let start = scene.enter_window_with_pass(0).await;
    scene.chain.advance_to(start + TICKS / 2).await;
    // It may be looked at later: then the first look is already a good one.
    scene.workers[0].set_behavior(Behavior::Honest);
    scene.until_served(0, 0).await;
    assert_eq!(scene.observations(0).failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_publish_is_retried_soon() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    scene.enter_window_with_pass(0).await;
    *scene.transport.state.lock().unwrap() = TransportState::Down;
    // So late that half way to the end would be too late.
    scene.before_end(0, TICKS / 8).await;
    scene.wait_for_loss().await;
    *scene.transport.state.lock().unwrap() = TransportState::Up;
    scene.before_end(0, TICKS / 8 - TICKS / 32).await;
    wait_until(async || scene.observations(0).receipt.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_is_reported_while_messages_are_lost() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    for (window, mood) in [
        (0, TransportState::Up),
        (1, TransportState::Down),
        (2, TransportState::Lossy),
        (3, TransportState::Up),
    ] {
        *scene.transport.state.lock().unwrap() = mood;
        // Requests for a pass that were lost in the window before are none of this one's.
        scene.transport.lost.store(0, Ordering::Relaxed);
        let start = scene.enter_window(window).await;
        if mood == TransportState::Up {
            scene.wait_for_passes(if window == 0 { 1 } else { 2 }).await;
            scene.until_served(0, window).await;
            continue;
        }
        // The request for a pass is lost, then that for the endpoint, then the letter to oneself.
        scene.wait_for_loss().await;
        scene.chain.advance_to(start + TICKS / 4 + 60).await;
        scene.before_end(window, TICKS / 8).await;
        scene.wait_for_loss().await;
        scene.before_end(window, fixture::GRACE_TICKS).await;
        if mood == TransportState::Lossy {
            scene.wait_for_loss().await;
        }
    }
    let report = scene.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b1001, 0b1001));
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_observations_and_repeats_no_probe() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    scene.enter_window_with_pass(0).await;
    scene.until_served(0, 0).await;
    let scene = scene.restart().await;
    assert_eq!(scene.observations(0).probed_windows(), 0b1);
    // In the middle of a window, the same key asks the client again and gets the same pass.
    scene.enter_window_with_pass(1).await;
    let scene = scene.restart().await;
    scene.wait_for_passes(3).await;
    scene.until_served(0, 1).await;
    let asked = scene.workers[0].endpoint_requests.lock().unwrap().clone();
    assert!(asked.iter().all(|(claim, _)| matches!(claim, Claim::Delegate { .. })));
    assert_eq!(asked.len(), 2, "nobody is looked at twice in a window");

    let report = scene.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b11, 0b11));
    let scene = scene.restart().await;
    scene.until_settled().await;
    assert_eq!(scene.agreement.reports().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn report_lost_in_a_reorg_is_repeated() {
    let mut scene = TesterFixture::start(1).await;
    scene.answer_passes().await;
    scene.enter_window_with_pass(0).await;
    scene.until_served(0, 0).await;
    let before = scene.chain.snapshot().await;
    let report = scene.until_reported().await;
    scene.chain.revert(&before).await;
    assert!(scene.agreement.reports().await.unwrap().is_empty());
    assert_eq!(scene.until_reported().await.findings, report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn tester_checks_in_every_epoch() {
    let world = TestChain::new().await;
    let signer = world.new_account();
    let (market, epoch) = (world.market(&signer).await, u64::from(fixture::EPOCH));
    let running = fixture::run_tester(&world, &signer, options()).await;
    for _ in 0..3 {
        let next = market.epoch().await.unwrap() + 1;
        wait_until(async || market.place(signer.address(), next).await.unwrap().is_some()).await;
        world.advance(epoch).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_returns_bond_and_fees() {
    let world = TestChain::new().await;
    let signer = world.new_account();
    let market = world.market(&signer).await;
    let running = fixture::run_tester(&world, &signer, options()).await;
    wait_until(async || {
        let next = market.epoch().await.unwrap() + 1;
        market.place(signer.address(), next).await.unwrap().is_some()
    })
    .await;
    running.stop().await;

    let payout = world.new_account().address();
    let before = market.node().balance(payout).await.unwrap();
    let leaving = TesterOptions {
        leave: true,
        payout: Payout { to: Some(payout), ..options().payout },
        ..options()
    };
    let running = fixture::run_tester(&world, &signer, leaving.clone()).await;
    let last = market.worker(signer.address()).await.unwrap().lastEpoch;
    while market.epoch().await.unwrap() <= last {
        assert_eq!(
            market.worker(signer.address()).await.unwrap().stake,
            market.settings().testerBond
        );
        world.advance(u64::from(fixture::EPOCH)).await;
    }
    running.ended().await;
    let got = market.node().balance(payout).await.unwrap() - before;
    assert_eq!(got.to::<u128>(), market.settings().testerBond);
    let gone = market.worker(signer.address()).await.unwrap();
    assert_eq!((gone.stake, gone.lastEpoch), (0, last));

    // Whoever comes back puts the bond up again.
    let running = fixture::run_tester(&world, &signer, options()).await;
    wait_until(async || market.worker(signer.address()).await.unwrap().lastEpoch > last).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agreement_without_a_seat_is_closed() {
    let scene = TesterFixture::start(1).await;
    // In this one nobody is tested.
    let client = scene.chain.new_account();
    scene.chain.register_worker(&crate::harness::offer(1)).await;
    let untested = scene.chain.buy(&client, 1, 0).await;
    let other = scene.chain.agreement(&client, &untested).await;
    assert_eq!(other.state().await.unwrap(), State::Offered);
    wait_until(async || {
        let cursor = scene.context.store().cursor("bought").unwrap();
        cursor.is_some_and(|(block, _)| block >= untested.receipt.block)
    })
    .await;
    wait_until(async || {
        scene.context.store().open_agreements().unwrap() == [scene.agreement.address()]
    })
    .await;
    scene.enter_window_with_pass(0).await;
}
