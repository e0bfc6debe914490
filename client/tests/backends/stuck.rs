//! Transactions that do not get into a block by themselves.

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{U256, keccak256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use muster_client::{MarketError, Outcome, Registered};
use tokio::task::JoinHandle;

use crate::notes::Notes;
use crate::stage::{Stage, until};

/// Registers account 1 while no block is made, until its transaction waits.
async fn register(
    stage: &Stage,
    notes: &std::sync::Arc<Notes>,
) -> JoinHandle<Result<Registered, MarketError>> {
    stage.rpc("evm_setAutomine", "[false]").await;
    let market = stage.open(stage.node(1).await.with_outbox(notes.clone())).await;
    let bond = market.settings().testerBond;
    let doing = tokio::spawn(async move { market.register_tester(keccak256(b"key"), bond).await });
    notes.remembered(1).await;
    until(async || !stage.rpc("txpool_content", "[]").await.contains(r#""pending":{}"#)).await;
    doing
}

/// Makes blocks until it is done.
async fn finish<T>(stage: &Stage, doing: JoinHandle<T>) -> T {
    until(async || {
        stage.chain.mine().await.unwrap();
        doing.is_finished()
    })
    .await;
    doing.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_base_fee_leaves_behind_is_replaced() {
    let (stage, notes) = (Stage::new().await, Notes::new());
    let doing = register(&stage, &notes).await;
    stage.rpc("anvil_setNextBlockBaseFeePerGas", r#"["0x2540be400"]"#).await;
    stage.chain.mine().await.unwrap();
    notes.remembered(2).await;
    let receipt = finish(&stage, doing).await.unwrap().receipt;
    let signed = notes.signed();
    assert_eq!((signed.len(), signed[0].nonce()), (2, signed[1].nonce()));
    assert_eq!(receipt.transaction, signed[1].hash());
    assert_eq!(notes.outcomes(), [(signed[0].nonce(), Outcome::InBlock(receipt))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_program_with_the_same_key_pushed_aside_is_done_again() {
    let (stage, notes) = (Stage::new().await, Notes::new());
    let doing = register(&stage, &notes).await;
    let nonce = notes.signed()[0].nonce();
    let wallet = EthereumWallet::from(stage.key(1));
    let thief = ProviderBuilder::new().wallet(wallet).connect(&stage.chain.url()).await.unwrap();
    let theft = TransactionRequest::default()
        .with_to(stage.dispatcher)
        .with_value(U256::ZERO)
        .with_gas_limit(100_000)
        .with_nonce(nonce)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(1);
    let stolen = *thief.send_transaction(theft).await.unwrap().tx_hash();
    let receipt = finish(&stage, doing).await.unwrap().receipt;
    assert!(thief.get_transaction_receipt(stolen).await.unwrap().is_some());
    let outcomes = [(nonce, Outcome::NonceTaken), (nonce + 1, Outcome::InBlock(receipt))];
    assert_eq!(notes.outcomes(), outcomes);
    assert_eq!(stage.market(1).await.worker_count().await.unwrap(), 1);
}
