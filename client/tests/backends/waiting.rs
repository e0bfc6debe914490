//! Waiting, with and without success.

use std::time::Duration;

use muster_client::MarketError;
use muster_client::protocol::abi::State;

use crate::stage::{Stage, WANT};

/// What was waited for, if it was in vain.
fn vain<T>(end: Result<T, MarketError>) -> (bool, &'static str) {
    match end {
        Err(MarketError::Deadline(what)) => (true, what),
        Err(MarketError::Never(what)) => (false, what),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it came"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_in_time_is_told_from_what_never_comes() {
    let stage = Stage::new().await;
    stage.worker(1).await;
    let client = stage.market(2).await;
    let purchase = client.buy(&WANT, u128::MAX).await.unwrap();
    let agreement = client.agreement(purchase.agreement).await.unwrap();
    let none = Duration::ZERO;
    assert_eq!(vain(agreement.wait_for_accept(none).await), (true, "a worker accepted"));
    let end = agreement.wait_for_state(State::Due, none).await;
    assert_eq!(vain(end), (true, "the agreement came so far"));
    stage.chain.increase_time(Duration::from_mins(1)).await.unwrap();
    stage.chain.mine().await.unwrap();
    assert_eq!(agreement.wait_for_state(State::Running, none).await.unwrap(), State::Due);
    assert_eq!(vain(agreement.wait_for_accept(none).await), (false, "a worker accepts"));
    assert_eq!(vain(agreement.wait_for_window(0, none).await), (false, "a worker accepts"));
    let end = agreement.wait_for_settlement(none).await;
    assert_eq!(vain(end), (true, "the agreement was settled"));
    let settlement = agreement.settle().await.unwrap();
    let seen = agreement.wait_for_settlement(none).await.unwrap();
    assert_eq!(seen.refund, settlement.refund);
    assert_eq!(agreement.wait_for_state(State::Due, none).await.unwrap(), State::Void);
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_come_one_after_the_other_and_no_more_than_there_are() {
    let stage = Stage::new().await;
    let worker = stage.worker(1).await;
    let client = stage.market(2).await;
    let purchase = client.buy(&WANT, u128::MAX).await.unwrap();
    stage.chain.mine().await.unwrap();
    let agreement = worker.agreement(purchase.agreement).await.unwrap();
    agreement.accept().await.unwrap();
    assert_eq!(agreement.wait_for_accept(Duration::ZERO).await.unwrap().accepted, 1);
    agreement.wait_for_window(0, Duration::ZERO).await.unwrap();
    let end = agreement.wait_for_window(1, Duration::ZERO).await;
    assert_eq!(vain(end), (false, "the window begins"));
}
