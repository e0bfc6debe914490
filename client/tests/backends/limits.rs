//! Nodes that allow few requests, over the backend that is tested.

use std::collections::BTreeMap;

use alloy::primitives::keccak256;
use muster_client::{Application, MarketError, Offer};
use muster_node_proxy::{Behavior, NodeProxy, Words};

use crate::backend;
use crate::env::{REQUEST, TestEnv};

#[tokio::test(flavor = "multi_thread")]
async fn a_market_is_used_at_five_requests_a_second() {
    let env = TestEnv::new().await;
    for (number, words) in
        (1..).zip([Words::Status, Words::Header(1), Words::Data, Words::Code, Words::Text])
    {
        let behavior = Behavior::PerSecond(5, words);
        let proxy = NodeProxy::start_with(&env.chain.url(), behavior).await.unwrap();
        let market = env.open(backend::connect(&proxy.url, Some(env.key(number))).await).await;
        let offer = Offer { price: 10, max_length: 1_000, promise: 9_000, capacity: 2 };
        let (application, stake) = (Application::default(), 1_000_000_000_000_000_000);
        market.register(application, &offer, keccak256(b"key"), stake).await.unwrap();
        let reads = (0..12).map(|_| market.worker(market.account().unwrap()));
        let read = futures::future::try_join_all(reads).await.unwrap();
        assert!(read.iter().all(|worker| worker.price == 10), "{words:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_agreements_are_looked_at_in_few_requests() {
    let env = TestEnv::new().await;
    let proxy = NodeProxy::start(&env.chain.url()).await.unwrap();
    let market = env.open(backend::connect(&proxy.url, Some(env.key(1))).await).await;
    let offer = Offer { price: 10, max_length: 1_000, promise: 9_000, capacity: 30 };
    let (application, stake) = (Application::default(), 1_000_000_000_000_000_000);
    market.register(application, &offer, keccak256(b"key"), stake).await.unwrap();
    let cleo = env.market(2).await;
    let mut addresses = Vec::new();
    for _ in 0..29 {
        addresses.push(cleo.buy(&REQUEST, u128::MAX).await.unwrap().agreement);
    }
    let kept = env.rpc("evm_snapshot", "[]").await;
    addresses.push(cleo.buy(&REQUEST, u128::MAX).await.unwrap().agreement);
    drop(proxy.take_counts());
    let found = market.agreements_at(&addresses).await.unwrap();
    let agreements: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    let calls = |counts: BTreeMap<String, u64>| counts.get("eth_call").copied();
    assert_eq!(calls(proxy.take_counts()), Some(2));
    let asked: Vec<_> = agreements.iter().map(|agreement| (agreement, Some(0))).collect();
    let snapshots = market.snapshots(&asked).await.unwrap();
    assert_eq!(calls(proxy.take_counts()), Some(2));
    assert_eq!(snapshots.len(), 30);
    assert!(snapshots.iter().all(|snapshot| snapshot.as_ref().is_ok_and(|of| !of.is_settled)));
    // A reorg takes the last one back.
    let id = kept.split('"').find(|part| part.starts_with("0x")).unwrap();
    env.rpc("evm_revert", &format!(r#"["{id}"]"#)).await;
    let snapshots = market.snapshots(&asked).await.unwrap();
    assert!(snapshots[..29].iter().all(Result::is_ok));
    assert!(matches!(&snapshots[29], Err(MarketError::NoContract(of)) if *of == addresses[29]));
}
