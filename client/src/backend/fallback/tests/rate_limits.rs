//! Nodes that answer that they were asked too often.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::{Duration, Instant, advance, sleep};

use super::{TIMEOUTS, answering_endpoint, endpoint, mock, pair};
use crate::backend::fallback::FallbackBackend;
use crate::backend::mock::MockStatus;
use crate::backend::{Backend, CallEnv, TxDraft, TxRequest};
use crate::error::{BackendError, NodeError};

#[tokio::test(start_paused = true)]
async fn requests_beyond_the_limit_of_a_node_go_to_the_next_one() {
    let (a, _, fallback) = pair(mock(1), mock(2)).await;
    a.set_status(MockStatus::RateLimited);
    let asked = a.request_count.load(Ordering::Relaxed);
    for _ in 0..9 {
        assert_eq!(answering_endpoint(&fallback).await, 2);
    }
    assert_eq!(a.request_count.load(Ordering::Relaxed), asked + 1, "it gets no more requests");
    a.set_status(MockStatus::Healthy);
    advance(Duration::from_secs(1)).await;
    assert_eq!(answering_endpoint(&fallback).await, 1);
    assert_eq!(answering_endpoint(&fallback).await, 2, "there is a space between its requests");
}

#[tokio::test(start_paused = true)]
async fn the_only_node_is_asked_again_until_it_answers() {
    let a = Arc::new(mock(1));
    let fallback =
        FallbackBackend::from_endpoints(vec![endpoint("a", &a)], None, TIMEOUTS).await.unwrap();
    a.set_status(MockStatus::RateLimited);
    let begun = Instant::now();
    let error = fallback.head().await.unwrap_err();
    assert!(matches!(error, BackendError::Node(NodeError::Rpc { code: -32_005, .. })), "{error:?}");
    assert!((30..40).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
    let recover = async {
        sleep(Duration::from_secs(5)).await;
        a.set_status(MockStatus::Healthy);
    };
    let signed = fallback.sign(&TxDraft::default()).await.unwrap();
    let env = CallEnv::default();
    let request = TxRequest::default();
    let (head, call, broadcast, ()) = tokio::join!(
        fallback.head(),
        fallback.call(&request, &env),
        fallback.broadcast(&signed),
        recover
    );
    assert!(head.is_ok() && call.is_ok() && broadcast.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_names_a_long_pause_is_not_waited_for() {
    let a = Arc::new(mock(1));
    let fallback =
        FallbackBackend::from_endpoints(vec![endpoint("a", &a)], None, TIMEOUTS).await.unwrap();
    a.set_status(MockStatus::Exhausted);
    let begun = Instant::now();
    for _ in 0..2 {
        let error = fallback.head().await.unwrap_err();
        let is_refused = matches!(error, BackendError::Node(NodeError::RateLimited { .. }));
        assert!(is_refused && begun.elapsed().is_zero(), "{error:?}");
    }
}
