//! Waits that succeed, time out, or become impossible.

use std::time::Duration;

use muster_client::MarketError;
use muster_client::protocol::abi::State;

use crate::env::{REQUEST, TestEnv};

/// The condition of a failed wait, and whether it timed out.
fn failed_wait<T>(end: Result<T, MarketError>) -> (bool, &'static str) {
    match end {
        Err(MarketError::Timeout(what)) => (true, what),
        Err(MarketError::Impossible(what)) => (false, what),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the wait succeeded"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn timeouts_and_impossible_waits_are_distinct() {
    let env = TestEnv::new().await;
    env.worker(1).await;
    let client = env.market(2).await;
    let purchase = client.buy(&REQUEST, u128::MAX).await.unwrap();
    let agreement = client.agreement(purchase.agreement).await.unwrap();
    let none = Duration::ZERO;
    assert_eq!(failed_wait(agreement.wait_for_accept(none).await), (true, "a worker accepted"));
    let end = agreement.wait_for_state(State::Due, none).await;
    assert_eq!(failed_wait(end), (true, "the agreement came so far"));
    env.chain.increase_time(Duration::from_mins(1)).await.unwrap();
    env.chain.mine().await.unwrap();
    assert_eq!(agreement.wait_for_state(State::Running, none).await.unwrap(), State::Due);
    assert_eq!(failed_wait(agreement.wait_for_accept(none).await), (false, "a worker accepts"));
    assert_eq!(failed_wait(agreement.wait_for_window(0, none).await), (false, "a worker accepts"));
    let end = agreement.wait_for_settlement(none).await;
    assert_eq!(failed_wait(end), (true, "the agreement was settled"));
    let settlement = agreement.settle().await.unwrap();
    let seen = agreement.wait_for_settlement(none).await.unwrap();
    assert_eq!(seen.refund, settlement.refund);
    assert_eq!(agreement.wait_for_state(State::Due, none).await.unwrap(), State::Void);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_for_a_window_ends_at_the_last_one() {
    let env = TestEnv::new().await;
    let worker = env.worker(1).await;
    let client = env.market(2).await;
    let purchase = client.buy(&REQUEST, u128::MAX).await.unwrap();
    env.chain.mine().await.unwrap();
    let agreement = worker.agreement(purchase.agreement).await.unwrap();
    agreement.accept().await.unwrap();
    assert_eq!(agreement.wait_for_accept(Duration::ZERO).await.unwrap().course.accepted, 1);
    agreement.wait_for_window(0, Duration::ZERO).await.unwrap();
    let end = agreement.wait_for_window(1, Duration::ZERO).await;
    assert_eq!(failed_wait(end), (false, "the window begins"));
}
