//! The tester: probes, reports, fees, and what it does not report.

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
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    for window in 0..2 {
        fixture.enter_window_with_pass(window).await;
        fixture.until_served(0, window).await;
    }
    let own_key = fixture.context.message_key().unwrap().public();
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    let keys: Vec<_> = requests.iter().map(|(_, key)| *key).collect();
    assert_eq!(requests.len(), 2);
    assert_ne!(keys[0], keys[1], "a key for each window");
    for (claim, key) in requests {
        assert_ne!(key, own_key);
        assert!(matches!(claim, Claim::Delegate { delegation } if delegation.key == key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_pass_the_seat_is_shown_after_a_quarter_window() {
    let fixture = TesterFixture::start(1).await;
    let start = fixture.enter_window_with_pass(0).await;
    // The client does not answer the request.
    wait_until(async || !fixture.transport.inner.wraps().is_empty()).await;
    assert_eq!(fixture.workers[0].request_count(), 0);
    fixture.chain.advance_to(start + TICKS / 4 + 60).await;
    fixture.until_served(0, 0).await;
    let own_key = fixture.context.message_key().unwrap().public();
    let [(claim, key)] =
        fixture.workers[0].endpoint_requests.lock().unwrap().clone().try_into().unwrap();
    assert!(matches!(claim, Claim::Seat { window: 0, .. }), "{claim:?}");
    assert_eq!(key, own_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_pass_is_not_used() {
    let fixture = TesterFixture::start(1).await;
    fixture.answer_with_invalid_passes().await;
    for window in 0..2 {
        let start = fixture.enter_window_with_pass(window).await;
        fixture.chain.advance_to(start + TICKS / 4 + 60).await;
        fixture.until_served(0, window).await;
    }
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    assert!(requests.iter().all(|(claim, _)| matches!(claim, Claim::Seat { .. })), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_behavior_is_reported_and_the_fee_is_paid() {
    let mut fixture = TesterFixture::start(3).await;
    fixture.answer_passes().await;
    // In window 0 all workers serve; in each other one a worker fails in another way.
    for (window, behavior) in
        [Behavior::Honest, Behavior::Silent, Behavior::ServiceDown, Behavior::WrongReceipts]
            .into_iter()
            .enumerate()
    {
        let window = u8::try_from(window).unwrap();
        fixture.workers[1].set_behavior(behavior);
        fixture.enter_window_with_pass(window).await;
        fixture.until_served(0, window).await;
        if behavior == Behavior::Honest {
            fixture.until_served(1, window).await;
        } else {
            fixture.until_failed(1, window).await;
        }
        fixture.until_served(2, window).await;
    }
    let report = fixture.until_reported().await;
    let entries: Vec<_> = report.findings.iter().map(|e| (e.index, e.checked, e.served)).collect();
    assert_eq!(entries, [(0, 0b1111, 0b1111), (1, 0b1111, 0b0001), (2, 0b1111, 0b1111)]);

    // No other account settles. The other testers report nothing, so this report decides alone.
    let market = fixture.chain.market(&fixture.signer).await;
    let before = market.node().balance(fixture.payout).await.unwrap();
    fixture.until_settled().await;
    wait_until(async || market.node().balance(fixture.payout).await.unwrap() > before).await;
    let settled = fixture.agreement.settlement().await.unwrap().unwrap();
    let [part] = settled.testers.as_slice() else { panic!("{settled:?}") };
    assert_eq!((part.account, part.seats), (fixture.signer.address(), 12));
    let fee = market.node().balance(fixture.payout).await.unwrap() - before;
    assert_eq!(fee.to::<u128>(), part.fee);
    wait_until(async || fixture.context.store().open_agreements().unwrap().is_empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_that_recovers_within_the_window_has_served() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.workers[0].set_behavior(Behavior::ServiceDown);
    let start = fixture.enter_window_with_pass(0).await;
    fixture.chain.advance_to(start + TICKS / 2).await;
    // If the probe is later than this, it succeeds at once.
    fixture.workers[0].set_behavior(Behavior::Honest);
    fixture.until_served(0, 0).await;
    assert_eq!(fixture.observations(0).failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_publish_is_retried_soon() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.enter_window_with_pass(0).await;
    *fixture.transport.state.lock().unwrap() = TransportState::Down;
    // So late that a retry half way to the end would be too late.
    fixture.before_end(0, TICKS / 8).await;
    fixture.wait_for_loss().await;
    *fixture.transport.state.lock().unwrap() = TransportState::Up;
    fixture.before_end(0, TICKS / 8 - TICKS / 32).await;
    wait_until(async || fixture.observations(0).receipt.is_some()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_failure_is_reported_while_messages_are_lost() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    for (window, state) in [
        (0, TransportState::Up),
        (1, TransportState::Down),
        (2, TransportState::Lossy),
        (3, TransportState::Up),
    ] {
        *fixture.transport.state.lock().unwrap() = state;
        // Messages that were lost in the window before do not count.
        fixture.transport.lost.store(0, Ordering::Relaxed);
        let start = fixture.enter_window(window).await;
        if state == TransportState::Up {
            fixture.wait_for_passes(if window == 0 { 1 } else { 2 }).await;
            fixture.until_served(0, window).await;
            continue;
        }
        // The request for a pass is lost, then the one for the endpoint, then the ping.
        fixture.wait_for_loss().await;
        fixture.chain.advance_to(start + TICKS / 4 + 60).await;
        fixture.before_end(window, TICKS / 8).await;
        fixture.wait_for_loss().await;
        fixture.before_end(window, fixture::GRACE_TICKS).await;
        if state == TransportState::Lossy {
            fixture.wait_for_loss().await;
        }
    }
    let report = fixture.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b1001, 0b1001));
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_keeps_observations_and_repeats_no_probe() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.enter_window_with_pass(0).await;
    fixture.until_served(0, 0).await;
    let fixture = fixture.restart().await;
    assert_eq!(fixture.observations(0).probed_windows(), 0b1);
    // After a restart in the middle of a window, the same key gets the same pass again.
    fixture.enter_window_with_pass(1).await;
    let fixture = fixture.restart().await;
    fixture.wait_for_passes(3).await;
    fixture.until_served(0, 1).await;
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    assert!(requests.iter().all(|(claim, _)| matches!(claim, Claim::Delegate { .. })));
    assert_eq!(requests.len(), 2, "one probe in each window");

    let report = fixture.until_reported().await;
    assert_eq!((report.findings[0].checked, report.findings[0].served), (0b11, 0b11));
    let fixture = fixture.restart().await;
    fixture.until_settled().await;
    assert_eq!(fixture.agreement.reports().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn report_lost_in_a_reorg_is_repeated() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.enter_window_with_pass(0).await;
    fixture.until_served(0, 0).await;
    let before = fixture.chain.snapshot().await;
    let report = fixture.until_reported().await;
    fixture.chain.revert(&before).await;
    assert!(fixture.agreement.reports().await.unwrap().is_empty());
    assert_eq!(fixture.until_reported().await.findings, report.findings);
}

#[tokio::test(flavor = "multi_thread")]
async fn tester_checks_in_every_epoch() {
    let chain = TestChain::new().await;
    let signer = chain.new_account();
    let (market, epoch) = (chain.market(&signer).await, u64::from(fixture::EPOCH));
    let running = fixture::run_tester(&chain, &signer, options()).await;
    for _ in 0..3 {
        let next = market.epoch().await.unwrap() + 1;
        wait_until(async || market.place(signer.address(), next).await.unwrap().is_some()).await;
        chain.advance(epoch).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_returns_bond_and_fees() {
    let chain = TestChain::new().await;
    let signer = chain.new_account();
    let market = chain.market(&signer).await;
    let running = fixture::run_tester(&chain, &signer, options()).await;
    wait_until(async || {
        let next = market.epoch().await.unwrap() + 1;
        market.place(signer.address(), next).await.unwrap().is_some()
    })
    .await;
    running.stop().await;

    let payout = chain.new_account().address();
    let before = market.node().balance(payout).await.unwrap();
    let leaving = TesterOptions {
        leave: true,
        payout: Payout { to: Some(payout), ..options().payout },
        ..options()
    };
    let running = fixture::run_tester(&chain, &signer, leaving.clone()).await;
    let last = market.worker(signer.address()).await.unwrap().lastEpoch;
    while market.epoch().await.unwrap() <= last {
        assert_eq!(
            market.worker(signer.address()).await.unwrap().stake,
            market.settings().testerBond
        );
        chain.advance(u64::from(fixture::EPOCH)).await;
    }
    running.ended().await;
    let received = market.node().balance(payout).await.unwrap() - before;
    assert_eq!(received.to::<u128>(), market.settings().testerBond);
    let registration = market.worker(signer.address()).await.unwrap();
    assert_eq!((registration.stake, registration.lastEpoch), (0, last));

    // A tester that comes back pays the bond again.
    let running = fixture::run_tester(&chain, &signer, options()).await;
    wait_until(async || market.worker(signer.address()).await.unwrap().lastEpoch > last).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn agreement_without_a_seat_is_closed() {
    let fixture = TesterFixture::start(1).await;
    // This agreement has no testers.
    let client = fixture.chain.new_account();
    fixture.chain.register_worker(&crate::harness::offer(1)).await;
    let untested = fixture.chain.buy(&client, 1, 0).await;
    let other = fixture.chain.agreement(&client, &untested).await;
    assert_eq!(other.state().await.unwrap(), State::Offered);
    wait_until(async || {
        let cursor = fixture.context.store().cursor("bought").unwrap();
        cursor.is_some_and(|(block, _)| block >= untested.receipt.block)
    })
    .await;
    wait_until(async || {
        fixture.context.store().open_agreements().unwrap() == [fixture.agreement.address()]
    })
    .await;
    fixture.enter_window_with_pass(0).await;
}
