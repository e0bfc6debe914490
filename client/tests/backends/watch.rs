//! Watchers: every event once and in order, through a reorg.

use alloy::primitives::keccak256;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as DispatcherEvents;
use muster_client::{ChainUpdate, EventWatcher, MarketEvent};

use crate::env::{REQUEST, TestEnv};

/// The dispatcher's next event.
async fn next_dispatcher_event(watch: &mut EventWatcher) -> DispatcherEvents {
    let ChainUpdate::Event(record) = watch.next().await else { panic!("a reorg") };
    let MarketEvent::Dispatcher(event) = record.event else { panic!("{record:?}") };
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reorg_is_reported_and_its_events_are_replaced() {
    let env = TestEnv::new().await;
    let worker = env.worker(1).await;
    let mut watch = env.market(2).await.watch(0);
    while !matches!(next_dispatcher_event(&mut watch).await, DispatcherEvents::WorkerRegistered(_))
    {
    }
    let before = worker.node().head().await.unwrap();
    let kept = env.rpc("evm_snapshot", "[]").await;
    worker.set_key(keccak256(b"other")).await.unwrap();
    while !matches!(next_dispatcher_event(&mut watch).await, DispatcherEvents::KeyChanged(_)) {}
    let number = kept.split('"').find(|part| part.starts_with("0x")).unwrap();
    let reverted = env.rpc("evm_revert", &format!("[\"{number}\"]")).await;
    assert!(reverted.contains("true"), "{kept}: {reverted}");
    let ChainUpdate::Reorg(block) = watch.next().await else { panic!("no reorg") };
    assert!(block <= before.number, "{block}");
    worker.set_price(77).await.unwrap();
    loop {
        match next_dispatcher_event(&mut watch).await {
            DispatcherEvents::WorkerUpdated(event) if event.price == 77 => break,
            DispatcherEvents::KeyChanged(_) => panic!("its block is gone"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_watcher_sees_only_its_agreement() {
    let env = TestEnv::new().await;
    let worker = env.worker(1).await;
    let client = env.market(2).await;
    let first = client.buy(&REQUEST, u128::MAX).await.unwrap();
    let second = client.buy(&REQUEST, u128::MAX).await.unwrap();
    let agreement = worker.agreement(second.agreement).await.unwrap();
    agreement.accept().await.unwrap();
    let mut watch = agreement.watch();
    match next_dispatcher_event(&mut watch).await {
        DispatcherEvents::ContractBought(event) => assert_eq!(event.agreement, second.agreement),
        other => panic!("{other:?}"),
    }
    for _ in ["Accepted", "Started"] {
        let ChainUpdate::Event(record) = watch.next().await else { panic!("a reorg") };
        let MarketEvent::Agreement(address, _) = record.event else { panic!("{record:?}") };
        assert_eq!(address, second.agreement);
    }
    let everything = client.history(0, client.node().head().await.unwrap().number).await.unwrap();
    let bought = |event: &MarketEvent| match event {
        MarketEvent::Dispatcher(DispatcherEvents::ContractBought(event)) => Some(event.agreement),
        _ => None,
    };
    let all: Vec<_> = everything.iter().filter_map(|item| bought(&item.event)).collect();
    assert_eq!(all, [first.agreement, second.agreement]);
}
