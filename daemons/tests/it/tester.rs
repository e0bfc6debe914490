//! The tester: probes, reports, fees, and what it does not report.

mod batches;
mod collecting;
mod faulty_node;
mod fixture;
mod hidden;
pub(crate) mod job_service;
mod jobs;
mod membership;
mod mock_clients;
mod mocks;
pub(crate) mod running;

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use alloy::primitives::B256;
use muster_client::message_key;
use muster_client::protocol::abi::State;
use muster_messaging::Claim;

use self::fixture::TesterFixture;
use self::mocks::Behavior;
use self::running::wait_until;
use crate::faulty_transport::TransportState;
use crate::probing::{PROBES, TICKS};

#[tokio::test(flavor = "multi_thread")]
async fn with_a_pass_the_tester_stays_anonymous() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    for window in 0..2 {
        fixture.probe_window(window, &[PROBES]).await;
        let measured = fixture.measured(0, window);
        assert_eq!(measured.served, PROBES);
        assert_eq!(measured.receipt.unwrap().window, window);
    }
    let own_key = fixture.context.message_key().unwrap().public();
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    let keys: HashSet<_> = requests.iter().map(|(_, key)| *key).collect();
    assert!(keys.len() >= 2 && keys.len() == requests.len(), "a key for each window");
    for (claim, key) in requests {
        assert_ne!(key, own_key);
        assert!(matches!(claim, Claim::Delegate { delegation } if delegation.key == key));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_is_asked_for_ahead_of_the_window() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    let first = fixture.probe_ticks(0, 1).await[0];
    fixture.probe_window(0, &[PROBES]).await;
    fixture.chain.advance_to(first - first % TICKS).await;
    // The worker answers no more messages, and needs not.
    wait_until(async || fixture.workers[0].request_count() >= 2).await;
    fixture.workers[0].set_behavior(Behavior::Silent);
    fixture.probe_window(1, &[PROBES]).await;
    assert_eq!(fixture.measured(0, 1).served, PROBES);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_pass_the_seat_is_shown_at_the_first_probe() {
    let fixture = TesterFixture::start(1).await;
    let first = fixture.probe_ticks(0, 0).await[0];
    fixture.chain.advance_to(first - 60).await;
    // The client does not answer the request.
    wait_until(async || !fixture.transport.inner.wraps().is_empty()).await;
    assert_eq!(fixture.workers[0].request_count(), 0);
    fixture.probe_window(0, &[PROBES]).await;
    assert_eq!(fixture.measured(0, 0).served, PROBES);
    let own_key = fixture.context.message_key().unwrap().public();
    let [(claim, key)] =
        fixture.workers[0].endpoint_requests.lock().unwrap().clone().try_into().unwrap();
    assert!(matches!(claim, Claim::Seat { window: 0, .. }), "{claim:?}");
    assert_eq!(key, own_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_pass_is_not_used() {
    let fixture = TesterFixture::start(1).await;
    let passes = fixture.answer_with_invalid_passes().await;
    for window in 0..2 {
        fixture.probe_window(window, &[PROBES]).await;
        assert_eq!(fixture.measured(0, window).served, PROBES);
    }
    assert!(passes.load(Ordering::Relaxed) >= 2);
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    assert!(requests.iter().all(|(claim, _)| matches!(claim, Claim::Seat { .. })), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_behavior_is_reported_and_the_fee_is_paid() {
    let mut fixture = TesterFixture::start(3).await;
    fixture.workers[1].set_behavior(Behavior::Silent);
    fixture.answer_passes().await;
    // In each window but one, a worker fails in another way.
    for (window, behavior) in
        [Behavior::Silent, Behavior::Honest, Behavior::ServiceDown, Behavior::WrongReceipts]
            .into_iter()
            .enumerate()
    {
        let window = u8::try_from(window).unwrap();
        fixture.workers[1].set_behavior(behavior);
        fixture.probe_window(window, &[PROBES; 3]).await;
    }
    let report = fixture.until_reported().await;
    let served = [[3, 3, 3, 3], [0, 3, 0, 0], [3, 3, 3, 3]];
    let expected = (0..12_u8).map(|entry| {
        let (index, window) = (entry / 4, entry % 4);
        fixture.finding(index, window, served[usize::from(index)][usize::from(window)])
    });
    assert_eq!(TesterFixture::findings(&report), expected.collect::<Vec<_>>());

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
async fn failed_probe_is_not_repeated_until_it_succeeds() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.workers[0].set_behavior(Behavior::ServiceDown);
    let second = fixture.probe_ticks(0, 0).await[1];
    fixture.probe_until(0, second, true).await;
    fixture.workers[0].set_behavior(Behavior::Honest);
    fixture.probe_window(0, &[PROBES]).await;
    assert_eq!(fixture.measured(0, 0).served, PROBES - 1);
    // A service that says that it is down is asked again where it is, as clients do.
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    let keys: HashSet<_> = requests.iter().map(|(_, key)| *key).collect();
    assert_eq!(keys.len(), requests.len(), "{requests:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_request_for_a_pass_is_repeated() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.transport.set(TransportState::Lossy);
    fixture.probe_ticks(0, 0).await;
    fixture.chain.advance(300).await;
    wait_until(async || !fixture.transport.lost().is_empty()).await;
    fixture.transport.set(TransportState::Up);
    fixture.chain.advance(TICKS / 16).await;
    fixture.answer_passes().await;
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
        if state == TransportState::Up {
            fixture.transport.set(state);
            fixture.workers[0].set_behavior(Behavior::Honest);
            fixture.probe_window(window, &[PROBES]).await;
            continue;
        }
        if state == TransportState::Down {
            // It knows the endpoint: a probe without one would not be made.
            let first = fixture.probe_ticks(0, window).await[0];
            fixture.chain.advance_to(first - 1).await;
            wait_until(async || fixture.request_count(window) == 1).await;
        }
        // The service fails, and after each probe the message of the tester to itself is lost.
        fixture.workers[0].set_behavior(Behavior::ServiceDown);
        fixture.transport.set(state);
        fixture.probe_window(window, &[0]).await;
        let worker = message_key(&fixture.workers[0].signer);
        let is_ping = |receiver: &&B256| **receiver != worker;
        wait_until(async || {
            let lost = fixture.transport.lost();
            lost.iter().filter(is_ping).count() == usize::from(PROBES)
        })
        .await;
    }
    let report = fixture.until_reported().await;
    let expected = [0, 3].map(|window| fixture.finding(0, window, PROBES));
    assert_eq!(TesterFixture::findings(&report), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn restart_repeats_no_probe_and_draws_no_other_moment() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.probe_window(0, &[PROBES]).await;
    let ticks = fixture.probe_ticks(0, 1).await;
    let passes = fixture.pass_count();
    let fixture = fixture.restart().await;
    assert_eq!(fixture.measured(0, 0).made, PROBES);
    assert_eq!(fixture.probe_ticks(0, 1).await, ticks);
    // After a restart in the middle of a window, the same key goes on with the pass that it has.
    fixture.probe_until(1, ticks[1], true).await;
    let fixture = fixture.restart().await;
    fixture.probe_window(1, &[PROBES]).await;
    assert_eq!(fixture.pass_count(), passes);
    let requests = fixture.workers[0].endpoint_requests.lock().unwrap().clone();
    let keys: HashSet<_> = requests.iter().map(|(_, key)| *key).collect();
    assert!(keys.len() <= 4, "a key for each window: {requests:?}");
    assert!(requests.iter().all(|(claim, _)| matches!(claim, Claim::Delegate { .. })));

    let report = fixture.until_reported().await;
    let expected = [0, 1].map(|window| fixture.finding(0, window, PROBES));
    assert_eq!(TesterFixture::findings(&report)[..2], expected);
    let fixture = fixture.restart().await;
    fixture.until_settled().await;
    assert_eq!(fixture.agreement.reports().await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn window_with_too_few_probes_is_not_reported() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.probe_window(0, &[PROBES]).await;
    let ticks = fixture.probe_ticks(0, 1).await;
    fixture.probe_until(1, ticks[1], true).await;
    // The other moments of the window pass at once, as while the tester was away.
    fixture.chain.advance_to(ticks[2] + TICKS / 8).await;
    fixture.probe_window(2, &[PROBES]).await;
    assert_eq!(fixture.measured(0, 1).begun, 1);
    let report = fixture.until_reported().await;
    let windows: Vec<_> = TesterFixture::findings(&report).iter().map(|f| f[1]).collect();
    assert_eq!(windows, [0, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn report_lost_in_a_reorg_is_repeated() {
    let mut fixture = TesterFixture::start(1).await;
    fixture.answer_passes().await;
    fixture.probe_window(0, &[PROBES]).await;
    let before = fixture.chain.snapshot().await;
    let report = fixture.until_reported().await;
    fixture.chain.revert(&before).await;
    assert!(fixture.agreement.reports().await.unwrap().is_empty());
    assert_eq!(fixture.until_reported().await.findings, report.findings);
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
}
