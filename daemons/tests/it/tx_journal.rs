//! What is sent is in the state file before, and its end afterwards.

use alloy::eips::Encodable2718;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, U256};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Application, SignedTx, TxJournal, message_key};
use muster_daemons::{DaemonContext, Role};
use stylus_devnode::CHAIN_ID;

use crate::harness::{ETHER, TestChain, offer};

/// A transaction that sends a wei away, signed as its account's first.
async fn first_transfer(signer: &PrivateKeySigner) -> SignedTx {
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
async fn journaled_but_unsent(chain: &TestChain) -> (DaemonContext, SignedTx) {
    let signer = chain.new_account();
    let context = chain.context(Role::Worker, &signer).await;
    let signed = first_transfer(&signer).await;
    context.store().record("withdraw/1", &signed).unwrap();
    drop(context);
    let context = chain.context(Role::Worker, &signer).await;
    assert_eq!(context.store().pending_txs().unwrap(), std::slice::from_ref(&signed));
    (context, signed)
}

#[tokio::test(flavor = "multi_thread")]
async fn completed_tx_is_recorded_under_its_purpose() {
    let world = TestChain::new().await;
    let person = world.new_account();
    let base = world.context(Role::Worker, &person).await;
    let (market, key) = (base.market_for("register"), message_key(&person));
    let done = market.register(Application::default(), &offer(7), key, ETHER).await.unwrap();
    assert_eq!(base.store().completed_tx("register").unwrap(), Some(done.receipt.transaction));
    assert!(base.store().pending_txs().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn journaled_tx_is_sent_on_resume() {
    let world = TestChain::new().await;
    let (base, deed) = journaled_but_unsent(&world).await;
    base.resume_pending_txs().await.unwrap();
    assert_eq!(base.store().completed_tx("withdraw/1").unwrap(), Some(deed.hash()));
    assert!(base.store().pending_txs().unwrap().is_empty());
    let sent = base.market().node().balance(Address::repeat_byte(7)).await.unwrap();
    assert_eq!(sent, U256::ONE);
    base.resume_pending_txs().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn journaled_tx_with_a_taken_nonce_is_dropped() {
    let world = TestChain::new().await;
    let (base, _) = journaled_but_unsent(&world).await;
    world.market(base.signer()).await.node().transfer(Address::ZERO, 1).await.unwrap();
    base.resume_pending_txs().await.unwrap();
    assert_eq!(base.store().completed_tx("withdraw/1").unwrap(), None);
    assert!(base.store().pending_txs().unwrap().is_empty());
}
