//! Accepting.

use alloy::primitives::{FixedBytes, keccak256};
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkAgreement::{Accepted, SeedNotReady, Started, acceptCall};
use muster_client::protocol::abi::{Clock, State};
use muster_client::protocol::course::Course;
use muster_client::protocol::{draw, settings};
use muster_client::{OrderRequest, Progress};

use crate::harness::expected::{agreement_error, agreement_event};
use crate::harness::{TestEnv, agreement, offer};

#[tokio::test(flavor = "multi_thread")]
async fn the_first_to_accept_starts_the_clock_and_the_others_join() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (ada, ben) = (env.worker(offer(1)).await, env.worker(offer(2)).await);
        let cleo = env.new_account().await;
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 2, length: 12 }).await;
        let (address, view) = (purchase.agreement, agreement(&cleo, &purchase).await);
        env.advance(1).await;
        let start = env.next_tick().await;
        let receipt = env.accept(&ben, &purchase).await;
        let hash = env.rpc.block_hash(purchase.receipt.block).await;
        let hashed = keccak256([hash.as_slice(), address.as_slice()].concat());
        let seed = FixedBytes::from_slice(&hashed[..16]);
        assert_eq!(seed, draw::derive_seed(&hash, address, |bytes| keccak256(bytes).0));
        let worker = ben.account().unwrap();
        let events = [
            agreement_event(address, Started { start, end: start + 12, seed }),
            agreement_event(address, Accepted { worker, index: 1 }),
        ];
        assert_eq!(env.events(&receipt), events);
        let course = Course { start, accepted: 0b10, planned: 12, ..Course::default() };
        let progress = Progress { course, seed: seed.0, released: 0, freed: false };
        assert_eq!(view.progress().await.unwrap(), progress);
        assert_eq!(view.state().await.unwrap(), State::Running);

        let receipt = env.accept(&ada, &purchase).await;
        let worker = ada.account().unwrap();
        assert_eq!(env.events(&receipt), [agreement_event(address, Accepted { worker, index: 0 })]);
        let progress = Progress { course: Course { accepted: 0b11, ..course }, ..progress };
        assert_eq!(view.progress().await.unwrap(), progress);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_accepts_in_the_block_of_the_purchase() {
    for clock in [Clock::Second, Clock::ArbBlock] {
        let env = TestEnv::with(settings::dev(clock)).await;
        let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
        let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
        let (from, to) = (ada.account().unwrap(), purchase.agreement);
        let answer = env.rpc.call_in_latest(from, to, acceptCall {}.abi_encode().into()).await;
        let refusal = env.revert_reason(to, &answer.unwrap_err());
        let purchase_block = purchase.receipt.block;
        assert_eq!(
            agreement_error::<()>(SeedNotReady { purchaseBlock: purchase_block }),
            Err(refusal)
        );
        env.accept(&ada, &purchase).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accepting_in_the_last_tick_starts_the_whole_length() {
    let env = TestEnv::new().await;
    let (ada, cleo) = (env.worker(offer(1)).await, env.new_account().await);
    let purchase = env.buy(&cleo, OrderRequest::Default { redundancy: 1, length: 12 }).await;
    env.advance(env.settings.acceptWindow).await;
    let start = env.next_tick().await;
    env.accept(&ada, &purchase).await;
    let seen = agreement(&cleo, &purchase).await;
    assert_eq!(seen.progress().await.unwrap().start(), start);
    env.advance_to(start + 11).await;
    assert_eq!(seen.state().await.unwrap(), State::Running);
    env.advance_to(start + 12).await;
    assert_eq!(seen.state().await.unwrap(), State::Reporting);
}
