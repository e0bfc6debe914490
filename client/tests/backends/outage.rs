//! Nodes that are away for a while.

use alloy::primitives::keccak256;
use muster_client::protocol::abi::Clock;
use muster_client::protocol::settings;
use muster_client::{Connect, MarketError, NodeError};
use stylus_devnode::{Config, Devnode};
use tempfile::TempDir;

use crate::notes::Notes;
use crate::stage::{Stage, rpc, until};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_is_started_again_finds_the_transaction_followed() {
    let folder = TempDir::new().unwrap();
    let file = Some(folder.path().join("chain"));
    let config = Config { state: file.clone(), ..Config::any_port() };
    let stage = Stage::with(config, &settings::dev(Clock::Second)).await;
    stage.rpc("evm_setAutomine", "[false]").await;
    let notes = Notes::new();
    let market = stage.open(stage.node(1).await.with_outbox(notes.clone())).await;
    let (bond, watcher) = (market.settings().testerBond, stage.node(2).await);
    let doing = tokio::spawn(async move { market.register_tester(keccak256(b"key"), bond).await });
    notes.remembered(1).await;
    let port = stage.chain.url().rsplit(':').next().unwrap().parse().unwrap();
    stage.chain.stop().await.unwrap();
    let error = watcher.head().await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Unreachable { .. })), "{error}");
    let chain = Devnode::start(Config { port, state: file, ..Config::default() }).await.unwrap();
    until(async || {
        rpc(&chain, "evm_mine", "[]").await;
        doing.is_finished()
    })
    .await;
    let registered = doing.await.unwrap().unwrap();
    assert_eq!(registered.receipt.transaction, notes.signed()[0].hash());
    assert_eq!(notes.outcomes().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_url_that_answers_is_enough() {
    let (dead, stage) = (Devnode::start(Config::any_port()).await.unwrap(), Stage::new().await);
    let (nobody, url) = (dead.url(), stage.chain.url());
    dead.stop().await.unwrap();
    let node = Connect::to([nobody.as_str(), url.as_str()]).open().await.unwrap();
    assert!(node.head().await.unwrap().number > 0);
    let error = Connect::to([nobody]).open().await.unwrap_err();
    assert!(matches!(error, MarketError::Node(NodeError::Unreachable { .. })), "{error}");
    let error = Connect::to([url]).on_chain(1).open().await.unwrap_err();
    assert!(
        matches!(error, MarketError::Node(NodeError::WrongChain { expected: 1, .. })),
        "{error}"
    );
}
