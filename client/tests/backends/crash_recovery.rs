//! Programs that are killed between signing and the receipt, and restart with their journal.

use alloy::primitives::keccak256;
use muster_client::{MarketError, TxOutcome};

use crate::env::{REQUEST, TestEnv};
use crate::journal::InMemoryJournal;

#[tokio::test(flavor = "multi_thread")]
async fn a_journaled_but_unsent_transaction_is_sent_once() {
    let env = TestEnv::new().await;
    let journal = InMemoryJournal::crashing();
    let market = env.open(env.node(1).await.with_journal(journal.clone())).await;
    let bond = market.settings().testerBond;
    let error = market.register_tester(keccak256(b"key"), bond).await.unwrap_err();
    assert!(matches!(error, MarketError::Journal(_)), "{error}");
    assert_eq!(market.worker_count().await.unwrap(), 0);
    for _ in 0..2 {
        let later = InMemoryJournal::new();
        let node = env.node(1).await.with_journal(later.clone());
        let resumed = node.resume(journal.signed()).await;
        let receipt = resumed[0].result.as_ref().unwrap();
        assert!(receipt.success);
        assert_eq!(receipt.transaction, journal.signed()[0].hash());
        assert_eq!(later.outcomes(), [(0, TxOutcome::Mined(receipt.clone()))]);
        assert_eq!(market.worker_count().await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mined_purchase_is_found_and_not_repeated() {
    let (env, journal) = (TestEnv::new().await, InMemoryJournal::new());
    env.worker(1).await;
    let market = env.open(env.node(2).await.with_journal(journal.clone())).await;
    let purchase = market.buy(&REQUEST, u128::MAX).await.unwrap();
    let again = env.market(2).await;
    let resumed = again.node().resume(journal.signed()).await.remove(0);
    assert_eq!(again.bought(resumed.result.unwrap()).unwrap(), purchase);
    assert_eq!(again.agreements().await.unwrap(), [purchase.agreement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsent_transaction_whose_nonce_was_taken_is_dropped() {
    let env = TestEnv::new().await;
    let journal = InMemoryJournal::crashing();
    env.worker(1).await;
    let market = env.open(env.node(2).await.with_journal(journal.clone())).await;
    market.buy(&REQUEST, u128::MAX).await.unwrap_err();
    let node = env.node(2).await;
    node.transfer(env.chain.accounts()[3].address, 1).await.unwrap();
    let end = node.resume(journal.signed()).await.remove(0).result;
    assert!(matches!(end, Err(MarketError::NonceTaken { nonce: 0, .. })), "{end:?}");
    assert!(market.agreements().await.unwrap().is_empty());
}
