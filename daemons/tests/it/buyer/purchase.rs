//! Buying once, and purchases whose blocks are gone.

use muster_client::protocol::abi::State;
use muster_client::{Market, MarketError, OrderRequest, Purchase};
use muster_daemons::buyer::{Buyer, buy};
use muster_daemons::{Agent, AgentError, Base, Role};

use super::EAGER;
use crate::harness::{World, offer, order};

/// Buys by the name `job`.
async fn purchase(base: &Base) -> Result<Purchase, AgentError> {
    buy(base, "job", async |market: &Market| {
        let want = OrderRequest::Custom(order(1, 0));
        let price = market.quote(&want).await?.price;
        Ok(market.buy(&want, price).await?)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_a_name_is_bought_once() {
    let world = World::new().await;
    world.worker(&offer(7)).await;
    let client = world.person();
    let base = world.base(Role::Client, &client).await;
    let first = purchase(&base).await.unwrap();
    drop(base);
    let base = world.base(Role::Client, &client).await;
    assert_eq!(purchase(&base).await.unwrap(), first);
    assert_eq!(base.market().agreements().await.unwrap(), [first.agreement]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_bought_at_the_next_attempt() {
    let world = World::new().await;
    let client = world.person();
    let base = world.base(Role::Client, &client).await;
    let refused = purchase(&base).await.unwrap_err();
    let reason = |error: &AgentError| {
        matches!(error, AgentError::Market(MarketError::PurchaseRefused { .. }))
    };
    assert!(reason(&refused), "{refused}");
    world.worker(&offer(7)).await;
    purchase(&base).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_bought_in_a_block_that_is_gone_is_not_bought_again() {
    let world = World::new().await;
    world.worker(&offer(7)).await;
    let base = world.base(Role::Client, &world.person()).await;
    let snapshot = world.snapshot().await;
    let bought = purchase(&base).await.unwrap();
    world.revert(&snapshot).await;
    let error = purchase(&base).await.unwrap_err();
    let expected = bought.receipt.transaction;
    let is_open = |error: &AgentError| matches!(error, AgentError::Market(MarketError::Unconfirmed(found)) if *found == expected);
    assert!(is_open(&error), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_is_gone_keeps_the_client_from_nothing() {
    let world = World::new().await;
    world.worker(&offer(7)).await;
    let client = world.person();
    let mut daemon = Buyer::start(world.base(Role::Client, &client).await, EAGER).await.unwrap();
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
async fn a_settlement_that_is_gone_is_made_again_though_everything_before_it_is_there() {
    let world = World::new().await;
    world.worker(&offer(7)).await;
    let client = world.person();
    let mut daemon = Buyer::start(world.base(Role::Client, &client).await, EAGER).await.unwrap();
    let agreement = world.buy(&client, 1, 0).await.agreement;
    let agreement = world.market(&client).await.agreement(agreement).await.unwrap();
    world.pass(700).await;
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
