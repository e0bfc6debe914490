//! Nodes of another chain than the one that was meant.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures::FutureExt;

use super::{
    TIMEOUTS, answering_endpoint, check_now, endpoint, mock, pair, stays_excluded_until_healthy,
};
use crate::backend::Backend;
use crate::backend::fallback::endpoint::CALL;
use crate::backend::fallback::{FallbackBackend, RankedEndpoint};
use crate::backend::mock::{MOCK_ACCOUNT, MockBackend, MockStatus};
use crate::error::{BackendError, NodeError};

#[tokio::test]
async fn an_endpoint_of_another_chain_is_rejected_at_connect() {
    let (a, b) = (Arc::new(mock(1)), Arc::new(MockBackend { chain_id: 2, ..mock(2) }));
    for (endpoints, expected, what) in [
        (vec![endpoint("a", &a), endpoint("b", &b)], None, "b"),
        (vec![endpoint("a", &a), endpoint("b", &b)], Some(2), "a"),
        (vec![endpoint("a", &a)], Some(2), "a"),
    ] {
        match FallbackBackend::from_endpoints(endpoints, expected, TIMEOUTS).await.unwrap_err() {
            NodeError::WrongChain { what: found, .. } => assert_eq!(&*found, what),
            other => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_reconnects_to_another_chain_is_skipped() {
    let (a, b) = (Arc::new(mock(1)), Arc::new(MockBackend { chain_id: 2, ..mock(2) }));
    let (first, second) = (a.clone(), b.clone());
    let connector = move || {
        let chain =
            if *first.status.lock().unwrap() == MockStatus::Healthy { &first } else { &second };
        let chain: Arc<dyn Backend> = chain.clone();
        async move { Ok(chain) }.boxed()
    };
    let nodes = vec![RankedEndpoint::new("a".into(), Box::new(connector))];
    let fallback = FallbackBackend::from_endpoints(nodes, None, TIMEOUTS).await.unwrap();
    a.set_status(MockStatus::Unreachable);
    for again in [false, true] {
        let error = fallback.balance(MOCK_ACCOUNT).await.unwrap_err();
        let wrong = matches!(error, BackendError::Node(NodeError::WrongChain { expected: 1, .. }));
        assert_eq!(wrong, again, "{error:?}");
    }
    assert_eq!(b.request_count.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn an_endpoint_that_switches_chain_is_skipped() {
    let (a, _, fallback) = pair(mock(1), mock(2)).await;
    a.set_status(MockStatus::WrongChain);
    stays_excluded_until_healthy(&a, &fallback).await;
}

#[tokio::test]
async fn a_concurrent_response_does_not_reset_health() {
    let (a, _, fallback) = pair(mock(1), mock(2)).await;
    let request = |chain: Arc<dyn Backend>| {
        let (a, fallback) = (&a, &fallback);
        async move {
            a.set_status(MockStatus::WrongChain);
            check_now(fallback).await;
            chain.head().await
        }
    };
    fallback.ask(CALL, request).await.unwrap();
    assert_eq!(answering_endpoint(&fallback).await, 2);
}
