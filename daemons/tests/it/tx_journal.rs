//! The journal has a transaction before it is sent, and its outcome afterwards.

use alloy::eips::Encodable2718;
use alloy::network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder};
use alloy::primitives::{Address, U256};
use alloy::rpc::types::TransactionRequest;
use alloy::signers::local::PrivateKeySigner;
use muster_client::{Application, SignedTx, TxJournal, message_key};
use muster_daemons::{DaemonContext, Role};
use stylus_devnode::CHAIN_ID;

use crate::harness::{ETHER, TestChain, offer};

/// A transfer of one wei, signed with nonce 0.
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

/// A transaction in the journal of a daemon that was killed before it sent it.
async fn journaled_but_unsent(chain: &TestChain) -> (DaemonContext, SignedTx) {
    let signer = chain.new_account();
    let context = chain.context(Role::Worker, &signer).await;
    let tx = first_transfer(&signer).await;
    context.store().record("withdraw/1", &tx).unwrap();
    drop(context);
    let context = chain.context(Role::Worker, &signer).await;
    assert_eq!(context.store().pending_txs().unwrap(), std::slice::from_ref(&tx));
    (context, tx)
}

#[tokio::test(flavor = "multi_thread")]
async fn completed_tx_is_recorded_under_its_purpose() {
    let chain = TestChain::new().await;
    let account = chain.new_account();
    let context = chain.context(Role::Worker, &account).await;
    let (market, key) = (context.market_for("register"), message_key(&account));
    let registered = market.register(Application::default(), &offer(7), key, ETHER).await.unwrap();
    assert_eq!(
        context.store().completed_tx("register").unwrap(),
        Some(registered.receipt.transaction)
    );
    assert!(context.store().pending_txs().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn journaled_tx_is_sent_on_resume() {
    let chain = TestChain::new().await;
    let (context, signed) = journaled_but_unsent(&chain).await;
    context.resume_pending_txs().await.unwrap();
    assert_eq!(context.store().completed_tx("withdraw/1").unwrap(), Some(signed.hash()));
    assert!(context.store().pending_txs().unwrap().is_empty());
    let sent = context.market().node().balance(Address::repeat_byte(7)).await.unwrap();
    assert_eq!(sent, U256::ONE);
    context.resume_pending_txs().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn journaled_tx_with_a_taken_nonce_is_dropped() {
    let chain = TestChain::new().await;
    let (context, _) = journaled_but_unsent(&chain).await;
    chain.market(context.signer()).await.node().transfer(Address::ZERO, 1).await.unwrap();
    context.resume_pending_txs().await.unwrap();
    assert_eq!(context.store().completed_tx("withdraw/1").unwrap(), None);
    assert!(context.store().pending_txs().unwrap().is_empty());
}
