//! What is sent is in the state file before, and its end afterwards.

use alloy::eips::Encodable2718;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, U256};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Application, SignedTx, TxJournal, message_key};
use muster_daemons::{Base, Role};
use stylus_devnode::CHAIN_ID;

use crate::harness::{ETHER, World, offer};

/// A transaction that sends a wei away, signed as its account's first.
async fn first(signer: &PrivateKeySigner) -> SignedTx {
    let request = TransactionRequest::default()
        .with_to(Address::repeat_byte(7))
        .with_value(U256::ONE)
        .with_chain_id(CHAIN_ID)
        .with_nonce(0)
        .with_gas_limit(100_000)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(0);
    let wallet = EthereumWallet::from(signer.clone());
    SignedTx::decode(&request.build(&wallet).await.unwrap().encoded_2718()).unwrap()
}

/// A transaction that was written down by a program that was killed before sending it.
async fn killed(world: &World) -> (Base, SignedTx) {
    let signer = world.person();
    let base = world.base(Role::Worker, &signer).await;
    let deed = first(&signer).await;
    base.store().record("withdraw/1", &deed).unwrap();
    drop(base);
    let base = world.base(Role::Worker, &signer).await;
    assert_eq!(base.store().unfinished().unwrap(), std::slice::from_ref(&deed));
    (base, deed)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deed_is_in_the_state_file_by_its_name() {
    let world = World::new().await;
    let person = world.person();
    let base = world.base(Role::Worker, &person).await;
    let (market, key) = (base.doing("register"), message_key(&person));
    let done = market.register(Application::default(), &offer(7), key, ETHER).await.unwrap();
    assert_eq!(base.store().done("register").unwrap(), Some(done.receipt.transaction));
    assert!(base.store().unfinished().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_down_is_sent_by_whoever_goes_on() {
    let world = World::new().await;
    let (base, deed) = killed(&world).await;
    base.resume().await.unwrap();
    assert_eq!(base.store().done("withdraw/1").unwrap(), Some(deed.hash()));
    assert!(base.store().unfinished().unwrap().is_empty());
    let sent = base.market().node().balance(Address::repeat_byte(7)).await.unwrap();
    assert_eq!(sent, U256::ONE);
    base.resume().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_made_impossible_is_not_done() {
    let world = World::new().await;
    let (base, _) = killed(&world).await;
    world.market(base.signer()).await.node().transfer(Address::ZERO, 1).await.unwrap();
    base.resume().await.unwrap();
    assert_eq!(base.store().done("withdraw/1").unwrap(), None);
    assert!(base.store().unfinished().unwrap().is_empty());
}
