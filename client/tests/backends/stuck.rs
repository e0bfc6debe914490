//! Transactions that are not mined without help.

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{U256, keccak256};
use alloy::providers::{Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use muster_client::{MarketError, Registration, TxOutcome};
use tokio::task::JoinHandle;

use crate::env::{TestEnv, wait_until};
use crate::journal::InMemoryJournal;

/// Registers account 1 while no block is made, until its transaction is in the pool.
async fn register_without_blocks(
    env: &TestEnv,
    journal: &std::sync::Arc<InMemoryJournal>,
) -> JoinHandle<Result<Registration, MarketError>> {
    env.rpc("evm_setAutomine", "[false]").await;
    let market = env.open(env.node(1).await.with_journal(journal.clone())).await;
    let bond = market.settings().testerBond;
    let doing = tokio::spawn(async move { market.register_tester(keccak256(b"key"), bond).await });
    journal.wait_for_records(1).await;
    wait_until(async || !env.rpc("txpool_content", "[]").await.contains(r#""pending":{}"#)).await;
    doing
}

/// Makes blocks until the task is finished.
async fn mine_until_done<T>(env: &TestEnv, doing: JoinHandle<T>) -> T {
    wait_until(async || {
        env.chain.mine().await.unwrap();
        doing.is_finished()
    })
    .await;
    doing.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_below_the_base_fee_is_replaced() {
    let (env, journal) = (TestEnv::new().await, InMemoryJournal::new());
    let doing = register_without_blocks(&env, &journal).await;
    env.rpc("anvil_setNextBlockBaseFeePerGas", r#"["0x2540be400"]"#).await;
    env.chain.mine().await.unwrap();
    journal.wait_for_records(2).await;
    let receipt = mine_until_done(&env, doing).await.unwrap().receipt;
    let signed = journal.signed();
    assert_eq!((signed.len(), signed[0].nonce()), (2, signed[1].nonce()));
    assert_eq!(receipt.transaction, signed[1].hash());
    assert_eq!(journal.outcomes(), [(signed[0].nonce(), TxOutcome::Mined(receipt))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_nonce_was_taken_is_retried() {
    let (env, journal) = (TestEnv::new().await, InMemoryJournal::new());
    let doing = register_without_blocks(&env, &journal).await;
    let nonce = journal.signed()[0].nonce();
    let wallet = EthereumWallet::from(env.key(1));
    let thief = ProviderBuilder::new().wallet(wallet).connect(&env.chain.url()).await.unwrap();
    let theft = TransactionRequest::default()
        .with_to(env.dispatcher)
        .with_value(U256::ZERO)
        .with_gas_limit(100_000)
        .with_nonce(nonce)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(1);
    let stolen = *thief.send_transaction(theft).await.unwrap().tx_hash();
    let receipt = mine_until_done(&env, doing).await.unwrap().receipt;
    assert!(thief.get_transaction_receipt(stolen).await.unwrap().is_some());
    let outcomes = [(nonce, TxOutcome::NonceTaken), (nonce + 1, TxOutcome::Mined(receipt))];
    assert_eq!(journal.outcomes(), outcomes);
    assert_eq!(env.market(1).await.worker_count().await.unwrap(), 1);
}
