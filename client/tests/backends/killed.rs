//! Programs that are killed between signing and knowing, and start again with what they wrote down.

use alloy::primitives::keccak256;
use muster_client::{MarketError, Outcome};

use crate::notes::Notes;
use crate::stage::{Stage, WANT};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_down_and_not_sent_is_sent_once() {
    let stage = Stage::new().await;
    let notes = Notes::deadly();
    let market = stage.open(stage.node(1).await.with_outbox(notes.clone())).await;
    let bond = market.settings().testerBond;
    let error = market.register_tester(keccak256(b"key"), bond).await.unwrap_err();
    assert!(matches!(error, MarketError::Outbox(_)), "{error}");
    assert_eq!(market.worker_count().await.unwrap(), 0);
    for _ in 0..2 {
        let later = Notes::new();
        let node = stage.node(1).await.with_outbox(later.clone());
        let resumed = node.resume(notes.signed()).await;
        let receipt = resumed[0].end.as_ref().unwrap();
        assert!(receipt.success);
        assert_eq!(receipt.transaction, notes.signed()[0].hash());
        assert_eq!(later.outcomes(), [(0, Outcome::InBlock(receipt.clone()))]);
        assert_eq!(market.worker_count().await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_that_went_through_is_found_and_not_made_again() {
    let (stage, notes) = (Stage::new().await, Notes::new());
    stage.worker(1).await;
    let market = stage.open(stage.node(2).await.with_outbox(notes.clone())).await;
    let purchase = market.buy(&WANT, u128::MAX).await.unwrap();
    let again = stage.market(2).await;
    let resumed = again.node().resume(notes.signed()).await.remove(0);
    assert_eq!(again.bought(resumed.end.unwrap()).unwrap(), purchase);
    assert_eq!(again.agreements().await.unwrap(), [purchase.agreement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lost_its_nonce_before_it_was_sent_never_happens() {
    let stage = Stage::new().await;
    let notes = Notes::deadly();
    stage.worker(1).await;
    let market = stage.open(stage.node(2).await.with_outbox(notes.clone())).await;
    market.buy(&WANT, u128::MAX).await.unwrap_err();
    let node = stage.node(2).await;
    node.transfer(stage.chain.accounts()[3].address, 1).await.unwrap();
    let end = node.resume(notes.signed()).await.remove(0).end;
    assert!(matches!(end, Err(MarketError::NonceTaken { nonce: 0, .. })), "{end:?}");
    assert!(market.agreements().await.unwrap().is_empty());
}
