//! Releases of absent workers, and renewals.

use muster_client::protocol::abi::State;
use muster_daemons::client::{ClientDaemon, ClientOptions, Renewal};
use muster_daemons::{Daemon, Role};

use super::CLIENT_OPTIONS;
use crate::harness::{ETHER, LENGTH, TestChain, offer};

/// Ticks in which workers may accept.
const ACCEPT_WINDOW: u64 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn client_releases_workers_that_did_not_accept() {
    let chain = TestChain::new().await;
    let (present, absent) =
        (chain.register_worker(&offer(7)).await, chain.register_worker(&offer(8)).await);
    let client = chain.new_account();
    let purchase = chain.buy(&client, 2, 0).await;
    let agreement = chain.agreement(&present, &purchase).await;
    agreement.accept().await.unwrap();
    let context = chain.context(Role::Client, &client).await;
    let mut daemon = ClientDaemon::start(context, CLIENT_OPTIONS).await.unwrap();
    daemon.step().await.unwrap();
    assert_eq!(agreement.progress().await.unwrap().released, 0, "there is still time");

    chain.advance(ACCEPT_WINDOW + 1).await;
    let waits = daemon.step().await.unwrap().to_string();
    assert!(waits.starts_with("waits for the end of 0x"), "{waits}");
    let progress = agreement.progress().await.unwrap();
    assert!(progress.is_released(1) && !progress.is_released(0));
    let market = chain.market(&client).await;
    assert_eq!(market.worker(absent.address()).await.unwrap().active, 0);
    daemon.step().await.unwrap();
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_renews_once_before_the_end() {
    let chain = TestChain::new().await;
    let worker = chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let purchase = chain.buy(&client, 1, 0).await;
    chain.agreement(&worker, &purchase).await.accept().await.unwrap();
    let renewal = Renewal { max_price: ETHER, min_score: 0, min_uptime: 0, until: u64::MAX };
    let options = ClientOptions { renewal: Some(renewal), ..CLIENT_OPTIONS };
    let start = async || {
        let context = chain.context(Role::Client, &client).await;
        ClientDaemon::start(context, options.clone()).await.unwrap()
    };
    let mut daemon = start().await;
    let waits = daemon.step().await.unwrap().to_string();
    assert!(waits.starts_with("waits for the renewal of 0x"), "{waits}");

    chain.advance(u64::from(LENGTH) - ACCEPT_WINDOW + 1).await;
    let market = chain.market(&client).await;
    for _ in 0..2 {
        daemon.step().await.unwrap();
        daemon.step().await.unwrap();
        assert_eq!(market.agreements().await.unwrap().len(), 2);
        daemon.stop().await;
        drop(daemon);
        daemon = start().await;
    }
    let successor = market.agreement(market.agreements().await.unwrap()[1]).await.unwrap();
    assert_eq!(successor.terms().header.length, LENGTH);
    chain
        .market(&worker)
        .await
        .agreement(successor.address())
        .await
        .unwrap()
        .accept()
        .await
        .unwrap();
    assert_eq!(successor.state().await.unwrap(), State::Running);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_does_not_renew_beyond_its_last_tick() {
    let chain = TestChain::new().await;
    let worker = chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let purchase = chain.buy(&client, 1, 0).await;
    let agreement = chain.agreement(&worker, &purchase).await;
    agreement.accept().await.unwrap();
    let end = agreement.times(&agreement.progress().await.unwrap()).end();
    let renewal = Renewal { max_price: ETHER, min_score: 0, min_uptime: 0, until: end };
    let options = ClientOptions { renewal: Some(renewal), ..CLIENT_OPTIONS };
    let context = chain.context(Role::Client, &client).await;
    let mut daemon = ClientDaemon::start(context, options).await.unwrap();
    chain.advance(u64::from(LENGTH) - ACCEPT_WINDOW + 1).await;
    daemon.step().await.unwrap();
    assert_eq!(chain.market(&client).await.agreements().await.unwrap().len(), 1);
    daemon.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_does_not_renew_what_it_has_cancelled_or_what_all_workers_have_left() {
    let chain = TestChain::new().await;
    chain.register_testers(3).await;
    let worker = chain.register_worker(&offer(7)).await;
    let client = chain.new_account();
    let purchases = [chain.buy(&client, 1, 3).await, chain.buy(&client, 1, 0).await];
    let renewal = Renewal { max_price: ETHER, min_score: 0, min_uptime: 0, until: u64::MAX };
    let options = ClientOptions { renewal: Some(renewal), ..CLIENT_OPTIONS };
    let context = chain.context(Role::Client, &client).await;
    let mut daemon = ClientDaemon::start(context, options).await.unwrap();
    let [cancelled, left] = purchases;
    for purchase in [&cancelled, &left] {
        chain.agreement(&worker, purchase).await.accept().await.unwrap();
    }
    chain.agreement(&client, &cancelled).await.cancel().await.unwrap();
    // In the tick of the accept, less gas is estimated than it takes later.
    chain.advance(1).await;
    chain.agreement(&worker, &left).await.resign().await.unwrap();
    let market = chain.market(&client).await;
    // At any time until the planned end.
    for _ in 0..=LENGTH / 100 {
        daemon.step().await.unwrap();
        assert_eq!(market.agreements().await.unwrap().len(), 2);
        chain.advance(100).await;
    }
    daemon.stop().await;
}
