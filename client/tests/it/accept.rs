//! A chosen worker takes the work.

use alloy::primitives::{FixedBytes, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{Accepted, SeedNotReady, Started, acceptCall};
use muster_client::protocol::abi::{Clock, State};
use muster_client::protocol::{draw, settings};
use muster_client::{Progress, Want};

use crate::harness::words::{contract, told};
use crate::harness::{World, agreement, offer};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_to_accept_starts_the_clock_and_the_others_join() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let world = World::with(settings::dev(clock)).await;
        let (ada, ben) = (world.worker(offer(1)).await, world.worker(offer(2)).await);
        let cleo = world.person().await;
        let purchase = world.buy(&cleo, Want::Usual { redundancy: 2, length: 10 }).await;
        let (address, view) = (purchase.agreement, agreement(&cleo, &purchase).await);
        world.pass(1).await;
        let start = world.tick().await;
        let receipt = world.accept(&ben, &purchase).await;
        let hash = world.wire.block_hash(purchase.receipt.block).await;
        let hashed = keccak256([hash.as_slice(), address.as_slice()].concat());
        let seed = FixedBytes::from_slice(&hashed[..16]);
        assert_eq!(seed, draw::derive_seed(&hash, address, |bytes| keccak256(bytes).0));
        let worker = ben.account().unwrap();
        let events = [
            told(address, Started { start, end: start + 10, seed }),
            told(address, Accepted { worker, index: 1 }),
        ];
        assert_eq!(world.events(&receipt), events);
        let progress = Progress { start, seed: seed.0, accepted: 0b10, windows: 1, resigned: 0 };
        assert_eq!(view.progress().await.unwrap(), progress);
        assert_eq!(view.state().await.unwrap(), State::Running);

        let receipt = world.accept(&ada, &purchase).await;
        let worker = ada.account().unwrap();
        assert_eq!(world.events(&receipt), [told(address, Accepted { worker, index: 0 })]);
        let progress = Progress { accepted: 0b11, ..progress };
        assert_eq!(view.progress().await.unwrap(), progress);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_accepts_in_the_block_of_the_purchase() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let world = World::with(settings::dev(clock)).await;
        let (ada, cleo) = (world.worker(offer(1)).await, world.person().await);
        let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 10 }).await;
        let (from, to) = (ada.account().unwrap(), purchase.agreement);
        let answer = world.wire.call_in_latest(from, to, acceptCall {}.abi_encode().into()).await;
        let refusal = world.refusal(to, &answer.unwrap_err());
        let purchase_block = purchase.receipt.block;
        assert_eq!(contract::<()>(SeedNotReady { purchaseBlock: purchase_block }), Err(refusal));
        world.accept(&ada, &purchase).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_accepts_in_the_last_tick_has_the_whole_length_before_it() {
    let world = World::new().await;
    let (ada, cleo) = (world.worker(offer(1)).await, world.person().await);
    let purchase = world.buy(&cleo, Want::Usual { redundancy: 1, length: 10 }).await;
    world.pass(world.settings.acceptWindow).await;
    let start = world.tick().await;
    world.accept(&ada, &purchase).await;
    let seen = agreement(&cleo, &purchase).await;
    assert_eq!(seen.progress().await.unwrap().start, start);
    world.at(start + 9).await;
    assert_eq!(seen.state().await.unwrap(), State::Running);
    world.at(start + 10).await;
    assert_eq!(seen.state().await.unwrap(), State::Reporting);
}
