//! Nodes that fail, are slow, or lag, beside a healthy one.

mod rate_limits;
mod wrong_chain;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use alloy::primitives::Bytes;
use futures::FutureExt;
use tokio::time::Duration;

use super::endpoint::MAX_LAG;
use super::{FallbackBackend, RankedEndpoint, Timeouts, check_endpoints};
use crate::backend::mock::{MOCK_ACCOUNT, MockBackend, MockStatus, TxFate, rpc_error};
use crate::backend::{Backend, BlockTag, CallEnv, TxDraft, TxRequest};
use crate::error::{BackendError, NodeError};

/// Nodes are compared by hand only, and time out after a tenth of a second.
const TIMEOUTS: Timeouts = Timeouts {
    request: Duration::from_millis(100),
    head: Duration::from_millis(100),
    check_interval: Duration::MAX,
    refused: Duration::from_secs(30),
};

/// A node at height 7 whose calls return this byte.
fn mock(answer: u8) -> MockBackend {
    MockBackend::new(move |_, _| Ok(Bytes::from(vec![answer])))
}

/// The endpoint of a node.
fn endpoint(name: &str, chain: &Arc<MockBackend>) -> RankedEndpoint {
    let chain = chain.clone();
    let connector = move || {
        let chain: Arc<dyn Backend> = chain.clone();
        async move {
            match chain.head().await {
                Err(BackendError::Node(error)) => Err(error),
                _ => Ok(chain),
            }
        }
        .boxed()
    };
    RankedEndpoint::new(name.into(), Box::new(connector))
}

/// Two nodes, and both as one backend.
async fn pair(
    a: MockBackend,
    b: MockBackend,
) -> (Arc<MockBackend>, Arc<MockBackend>, FallbackBackend) {
    let (a, b) = (Arc::new(a), Arc::new(b));
    let fallback =
        FallbackBackend::from_endpoints(vec![endpoint("a", &a), endpoint("b", &b)], None, TIMEOUTS)
            .await
            .unwrap();
    (a, b, fallback)
}

/// The byte of the node that answers.
async fn answering_endpoint(fallback: &FallbackBackend) -> u8 {
    fallback.call(&TxRequest::default(), &CallEnv::default()).await.unwrap()[0]
}

/// Compares all nodes.
async fn check_now(fallback: &FallbackBackend) {
    check_endpoints(fallback.endpoints.clone(), 1, TIMEOUTS.head).await;
}

/// Asserts that a comparison keeps the first node excluded, and that one takes it back once it is healthy.
async fn stays_excluded_until_healthy(a: &MockBackend, fallback: &FallbackBackend) {
    check_now(fallback).await;
    assert_eq!(answering_endpoint(fallback).await, 2);
    a.set_status(MockStatus::Healthy);
    check_now(fallback).await;
    assert_eq!(answering_endpoint(fallback).await, 1);
}

#[tokio::test]
async fn the_first_endpoint_is_preferred() {
    let (_, b, fallback) = pair(mock(1), mock(2)).await;
    let before = b.request_count.load(Ordering::Relaxed);
    assert_eq!(answering_endpoint(&fallback).await, 1);
    assert_eq!(b.request_count.load(Ordering::Relaxed), before);
}

#[tokio::test]
async fn a_failing_endpoint_is_skipped_until_healthy() {
    let (a, _, fallback) = pair(mock(1), mock(2)).await;
    for status in [MockStatus::Unreachable, MockStatus::Hanging] {
        a.set_status(status);
        assert_eq!(answering_endpoint(&fallback).await, 2);
        let asked = a.request_count.load(Ordering::Relaxed);
        assert_eq!(answering_endpoint(&fallback).await, 2);
        assert_eq!(a.request_count.load(Ordering::Relaxed), asked, "it gets no requests");
        stays_excluded_until_healthy(&a, &fallback).await;
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_a_lookup_is_skipped() {
    let (a, _, fallback) = pair(mock(1), mock(2)).await;
    a.set_status(MockStatus::Failing);
    assert!(
        fallback.call(&TxRequest::default(), &CallEnv::default()).await.is_err(),
        "a node may refuse a call"
    );
    fallback.head().await.unwrap();
    assert_eq!(answering_endpoint(&fallback).await, 2);
    stays_excluded_until_healthy(&a, &fallback).await;
}

#[tokio::test]
async fn a_stalled_endpoint_is_skipped() {
    let (a, b, fallback) = pair(mock(1), mock(2)).await;
    check_now(&fallback).await;
    b.extra_blocks.store(1, Ordering::Relaxed);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 2);
    a.extra_blocks.store(1, Ordering::Relaxed);
    b.extra_blocks.store(2, Ordering::Relaxed);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 1);
}

#[tokio::test]
async fn a_lagging_endpoint_is_skipped_until_it_catches_up() {
    let (a, b, fallback) = pair(mock(1), mock(2)).await;
    b.extra_blocks.store(MAX_LAG, Ordering::Relaxed);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 1);
    b.extra_blocks.store(MAX_LAG + 1, Ordering::Relaxed);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 2);
    a.extra_blocks.store(1, Ordering::Relaxed);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 1);
}

#[tokio::test]
async fn an_endpoint_that_lost_blocks_is_skipped_until_it_catches_up() {
    let (a, b, fallback) = pair(mock(1), mock(2)).await;
    let heights = |of_a, of_b| {
        a.extra_blocks.store(of_a, Ordering::Relaxed);
        b.extra_blocks.store(of_b, Ordering::Relaxed);
    };
    for (of_a, of_b, best) in [(9, 9, 1), (7, 9, 2), (8, 10, 2), (9, 11, 1)] {
        heights(of_a, of_b);
        check_now(&fallback).await;
        assert_eq!(answering_endpoint(&fallback).await, best, "{of_a} and {of_b}");
    }
    heights(3, 3);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 1, "the chain itself was reorganized");
}

#[tokio::test]
async fn an_endpoint_unreachable_at_start_is_used_later() {
    let away = mock(1);
    away.set_status(MockStatus::Unreachable);
    let (a, _, fallback) = pair(away, mock(2)).await;
    assert_eq!(answering_endpoint(&fallback).await, 2);
    a.set_status(MockStatus::Healthy);
    check_now(&fallback).await;
    assert_eq!(answering_endpoint(&fallback).await, 1);
}

#[tokio::test]
async fn if_all_endpoints_fail_the_first_error_is_returned() {
    let (a, b, fallback) = pair(mock(1), mock(2)).await;
    a.set_status(MockStatus::RateLimited);
    b.set_status(MockStatus::Unreachable);
    let fault = fallback.balance(MOCK_ACCOUNT).await.unwrap_err();
    assert!(matches!(fault, BackendError::Node(NodeError::Rpc { code: -32_005, .. })), "{fault:?}");
    b.set_status(MockStatus::Healthy);
    assert_eq!(answering_endpoint(&fallback).await, 2);
    let error =
        FallbackBackend::from_endpoints(vec![endpoint("a", &a)], None, TIMEOUTS).await.unwrap_err();
    assert!(matches!(error, NodeError::Rpc { code: -32_005, .. }), "{error}");
    let error = FallbackBackend::from_endpoints(vec![], None, TIMEOUTS).await.unwrap_err();
    assert!(matches!(error, NodeError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_revert_is_not_a_node_fault() {
    for refusal in [|| BackendError::Reverted(Bytes::new()), || rpc_error(-32_000)] {
        let (_, b, fallback) = pair(MockBackend::new(move |_, _| Err(refusal())), mock(2)).await;
        let before = b.request_count.load(Ordering::Relaxed);
        let env = CallEnv { block: BlockTag::Pending, ..CallEnv::default() };
        assert!(fallback.call(&TxRequest::default(), &env).await.is_err());
        assert_eq!(b.request_count.load(Ordering::Relaxed), before);
    }
}

#[tokio::test]
async fn an_ambiguous_broadcast_keeps_the_first_error() {
    let (a, b, fallback) =
        pair(mock(1), MockBackend { tx_fates: vec![TxFate::Rejected], ..mock(2) }).await;
    a.set_status(MockStatus::Hanging);
    let signed = fallback.sign(&TxDraft::default()).await.unwrap();
    let error = fallback.broadcast(&signed).await.unwrap_err();
    assert!(matches!(error, BackendError::Node(NodeError::Unreachable { .. })), "{error:?}");
    assert_eq!([&a, &b].map(|mock| mock.sent.lock().unwrap().len()), [1, 1]);
}
