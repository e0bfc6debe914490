//! Nodes that are unreachable for a while.

use alloy::primitives::keccak256;
use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
use muster_client::{MarketError, NodeBuilder, NodeError};
use stylus_devnode::{Config, Devnode};
use tempfile::TempDir;

use crate::env::{TestEnv, rpc, wait_until};
use crate::journal::InMemoryJournal;

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_transaction_survives_a_node_restart() {
    let folder = TempDir::new().unwrap();
    let file = Some(folder.path().join("chain"));
    let config = Config { state: file.clone(), ..Config::any_port() };
    let env = TestEnv::with(config, &settings::dev(Clock::Second)).await;
    env.rpc("evm_setAutomine", "[false]").await;
    let journal = InMemoryJournal::new();
    let market = env.open(env.node(1).await.with_journal(journal.clone())).await;
    let (bond, watcher) = (market.settings().testerBond, env.node(2).await);
    let doing = tokio::spawn(async move { market.register_tester(keccak256(b"key"), bond).await });
    journal.wait_for_records(1).await;
    let port = env.chain.url().rsplit(':').next().unwrap().parse().unwrap();
    env.chain.stop().await.unwrap();
    let error = watcher.head().await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Unreachable { .. })), "{error}");
    let chain = Devnode::start(Config { port, state: file, ..Config::default() }).await.unwrap();
    wait_until(async || {
        rpc(&chain, "evm_mine", "[]").await;
        doing.is_finished()
    })
    .await;
    let registered = doing.await.unwrap().unwrap();
    assert_eq!(registered.receipt.transaction, journal.signed()[0].hash());
    assert_eq!(journal.outcomes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reachable_url_is_enough() {
    let (dead, env) = (Devnode::start(Config::any_port()).await.unwrap(), TestEnv::new().await);
    let (dead_url, url) = (dead.url(), env.chain.url());
    dead.stop().await.unwrap();
    let node = NodeBuilder::new([dead_url.as_str(), url.as_str()]).connect().await.unwrap();
    assert!(node.head().await.unwrap().number > 0);
    let error = NodeBuilder::new([dead_url]).connect().await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Unreachable { .. })), "{error}");
    let error = NodeBuilder::new([url]).with_chain_id(1).connect().await.unwrap_err();
    assert!(
        matches!(error, MarketError::Node(NodeError::WrongChain { expected: 1, .. })),
        "{error}"
    );
}
