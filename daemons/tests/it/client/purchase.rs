//! Buying once, and purchases whose blocks are gone.

use muster_client::protocol::abi::State;
use muster_client::{Market, MarketError, OrderRequest, Purchase};
use muster_daemons::client::{ClientDaemon, buy_once};
use muster_daemons::{Daemon, DaemonContext, DaemonError, Role};

use super::CLIENT_OPTIONS;
use crate::harness::{TestChain, offer, order};

/// Buys by the name `job`.
async fn purchase(context: &DaemonContext) -> Result<Purchase, DaemonError> {
    buy_once(context, "job", async |market: &Market| {
        let want = OrderRequest::Custom(order(1, 0));
        let price = market.quote(&want).await?.price;
        Ok(market.buy(&want, price).await?)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn named_purchase_is_made_once() {
    let world = TestChain::new().await;
    world.register_worker(&offer(7)).await;
    let client = world.new_account();
    let base = world.context(Role::Client, &client).await;
    let first = purchase(&base).await.unwrap();
    drop(base);
    let base = world.context(Role::Client, &client).await;
    assert_eq!(purchase(&base).await.unwrap(), first);
    assert_eq!(base.market().agreements().await.unwrap(), [first.agreement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_purchase_is_retried() {
    let world = TestChain::new().await;
    let client = world.new_account();
    let base = world.context(Role::Client, &client).await;
    let refused = purchase(&base).await.unwrap_err();
    let reason = |error: &DaemonError| {
        matches!(error, DaemonError::Market(MarketError::PurchaseRefused { .. }))
    };
    assert!(reason(&refused), "{refused}");
    world.register_worker(&offer(7)).await;
    purchase(&base).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn purchase_lost_in_a_reorg_is_not_repeated() {
    let world = TestChain::new().await;
    world.register_worker(&offer(7)).await;
    let base = world.context(Role::Client, &world.new_account()).await;
    let snapshot = world.snapshot().await;
    let bought = purchase(&base).await.unwrap();
    world.revert(&snapshot).await;
    let error = purchase(&base).await.unwrap_err();
    let expected = bought.receipt.transaction;
    let is_open = |error: &DaemonError| matches!(error, DaemonError::Market(MarketError::Unconfirmed(found)) if *found == expected);
    assert!(is_open(&error), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn client_continues_after_a_reorg_removes_its_agreement() {
    let world = TestChain::new().await;
    world.register_worker(&offer(7)).await;
    let client = world.new_account();
    let mut daemon =
        ClientDaemon::start(world.context(Role::Client, &client).await, CLIENT_OPTIONS)
            .await
            .unwrap();
    let snapshot = world.snapshot().await;
    world.buy(&client, 1, 0).await;
    let waits = daemon.step().await.unwrap().to_string();
    assert!(waits.starts_with("waits for a worker to accept 0x"), "{waits}");
    world.revert(&snapshot).await;
    daemon.step().await.unwrap_err();
    assert_eq!(daemon.step().await.unwrap().to_string(), "waits for agreements");
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settlement_lost_in_a_reorg_is_repeated() {
    let world = TestChain::new().await;
    world.register_worker(&offer(7)).await;
    let client = world.new_account();
    let mut daemon =
        ClientDaemon::start(world.context(Role::Client, &client).await, CLIENT_OPTIONS)
            .await
            .unwrap();
    let agreement = world.buy(&client, 1, 0).await.agreement;
    let agreement = world.market(&client).await.agreement(agreement).await.unwrap();
    world.advance(700).await;
    for _ in 0..2 {
        let snapshot = world.snapshot().await;
        daemon.step().await.unwrap();
        assert_eq!(agreement.state().await.unwrap(), State::Void);
        world.revert(&snapshot).await;
    }
    daemon.step().await.unwrap();
    assert_eq!(daemon.step().await.unwrap().to_string(), "waits for agreements");
    assert_eq!(agreement.state().await.unwrap(), State::Void);
    daemon.stop().await;
}
