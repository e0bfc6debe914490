//! Purchases by name, and reorgs that take purchases back.

use muster_client::protocol::abi::State;
use muster_client::{Market, MarketError, OrderRequest, Purchase};
use muster_daemons::client::{ClientDaemon, buy_once};
use muster_daemons::{Daemon, DaemonContext, DaemonError, Role};

use super::CLIENT_OPTIONS;
use crate::harness::{TestChain, offer, order};

/// Buys under the name `job`.
async fn purchase(context: &DaemonContext) -> Result<Purchase, DaemonError> {
    buy_once(context, "job", async |market: &Market| {
        let request = OrderRequest::Custom(order(1, 0));
        let price = market.quote(&request).await?.price;
        Ok(market.buy(&request, price).await?)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn named_purchase_is_made_once() {
    let chain = TestChain::new().await;
    chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let context = chain.context(Role::Client, &client).await;
    let first = purchase(&context).await.unwrap();
    drop(context);
    let context = chain.context(Role::Client, &client).await;
    assert_eq!(purchase(&context).await.unwrap(), first);
    assert_eq!(context.market().agreements().await.unwrap(), [first.agreement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_purchase_is_retried() {
    let chain = TestChain::new().await;
    let client = chain.new_account();
    let context = chain.context(Role::Client, &client).await;
    let refused = purchase(&context).await.unwrap_err();
    let reason = |error: &DaemonError| {
        matches!(error, DaemonError::Market(MarketError::PurchaseRefused { .. }))
    };
    assert!(reason(&refused), "{refused}");
    chain.register_worker(&offer(7)).await;
    purchase(&context).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn purchase_lost_in_a_reorg_is_not_repeated() {
    let chain = TestChain::new().await;
    chain.register_worker(&offer(7)).await;
    let context = chain.context(Role::Client, &chain.new_account()).await;
    let snapshot = chain.snapshot().await;
    let bought = purchase(&context).await.unwrap();
    chain.revert(&snapshot).await;
    let error = purchase(&context).await.unwrap_err();
    let expected = bought.receipt.transaction;
    let is_open = |error: &DaemonError| matches!(error, DaemonError::Market(MarketError::Unconfirmed(found)) if *found == expected);
    assert!(is_open(&error), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn client_continues_after_a_reorg_removes_its_agreement() {
    let chain = TestChain::new().await;
    chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let mut daemon =
        ClientDaemon::start(chain.context(Role::Client, &client).await, CLIENT_OPTIONS)
            .await
            .unwrap();
    let snapshot = chain.snapshot().await;
    chain.buy(&client, 1, 0).await;
    let waits = daemon.step().await.unwrap().to_string();
    assert!(waits.starts_with("waits for a worker to accept 0x"), "{waits}");
    chain.revert(&snapshot).await;
    daemon.step().await.unwrap_err();
    assert_eq!(daemon.step().await.unwrap().to_string(), "waits for agreements");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settlement_lost_in_a_reorg_is_repeated() {
    let chain = TestChain::new().await;
    chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let mut daemon =
        ClientDaemon::start(chain.context(Role::Client, &client).await, CLIENT_OPTIONS)
            .await
            .unwrap();
    let agreement = chain.buy(&client, 1, 0).await.agreement;
    let agreement = chain.market(&client).await.agreement(agreement).await.unwrap();
    chain.advance(700).await;
    for _ in 0..2 {
        let snapshot = chain.snapshot().await;
        daemon.step().await.unwrap();
        assert_eq!(agreement.state().await.unwrap(), State::Void);
        chain.revert(&snapshot).await;
    }
    daemon.step().await.unwrap();
    assert_eq!(daemon.step().await.unwrap().to_string(), "waits for agreements");
    assert_eq!(agreement.state().await.unwrap(), State::Void);
    daemon.stop().await;
}
