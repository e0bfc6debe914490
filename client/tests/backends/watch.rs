//! Watching: everything once, in order, also when the chain moves back.

use alloy::primitives::keccak256;
use muster_client::protocol::abi::IWorkerDispatcher::IWorkerDispatcherEvents as Happened;
use muster_client::{Event, Sighting, Watch};

use crate::stage::{Stage, WANT};

/// The dispatcher's next event.
async fn next(watch: &mut Watch) -> Happened {
    let Sighting::Happened(happening) = watch.next().await else { panic!("it moved back") };
    let Event::Dispatcher(event) = happening.event else { panic!("{happening:?}") };
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chain_that_moved_back_lost_is_taken_back() {
    let stage = Stage::new().await;
    let worker = stage.worker(1).await;
    let mut watch = stage.market(2).await.watch(0);
    while !matches!(next(&mut watch).await, Happened::WorkerRegistered(_)) {}
    let before = worker.node().head().await.unwrap();
    let kept = stage.rpc("evm_snapshot", "[]").await;
    worker.set_key(keccak256(b"other")).await.unwrap();
    while !matches!(next(&mut watch).await, Happened::KeyChanged(_)) {}
    let number = kept.split('"').find(|part| part.starts_with("0x")).unwrap();
    let reverted = stage.rpc("evm_revert", &format!("[\"{number}\"]")).await;
    assert!(reverted.contains("true"), "{kept}: {reverted}");
    let Sighting::MovedBack(block) = watch.next().await else { panic!("it did not move back") };
    assert!(block <= before.number, "{block}");
    worker.set_price(77).await.unwrap();
    loop {
        match next(&mut watch).await {
            Happened::WorkerUpdated(event) if event.price == 77 => break,
            Happened::KeyChanged(_) => panic!("it did not happen"),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_agreement_only_what_concerns_it_is_seen() {
    let stage = Stage::new().await;
    let worker = stage.worker(1).await;
    let client = stage.market(2).await;
    let first = client.buy(&WANT, u128::MAX).await.unwrap();
    let second = client.buy(&WANT, u128::MAX).await.unwrap();
    let agreement = worker.agreement(second.agreement).await.unwrap();
    agreement.accept().await.unwrap();
    let mut watch = agreement.watch();
    match next(&mut watch).await {
        Happened::ContractBought(event) => assert_eq!(event.agreement, second.agreement),
        other => panic!("{other:?}"),
    }
    for _ in ["Accepted", "Started"] {
        let Sighting::Happened(happening) = watch.next().await else { panic!("it moved back") };
        let Event::Agreement(address, _) = happening.event else { panic!("{happening:?}") };
        assert_eq!(address, second.agreement);
    }
    let everything = client.history(0, client.node().head().await.unwrap().number).await.unwrap();
    let bought = |event: &Event| match event {
        Event::Dispatcher(Happened::ContractBought(event)) => Some(event.agreement),
        _ => None,
    };
    let all: Vec<_> = everything.iter().filter_map(|item| bought(&item.event)).collect();
    assert_eq!(all, [first.agreement, second.agreement]);
}
