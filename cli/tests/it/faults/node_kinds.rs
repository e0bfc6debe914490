//! Daemons on nodes that answer, each in a way of its own.

use std::time::Duration;

use muster_node_proxy::{Behavior, NodeProxy, TcpProxy};
use muster_relay::{Relay, RelayConfig};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::nodes::{FaultyNodes, KeptFaults, NamedBehavior};
use super::test_daemons::{TestDaemons, rpc};
use super::{print_row, until_waiting_for};
use crate::harness::{BackgroundProcess, TestFolder, TestMarket};
use crate::worker::is_listed;

/// The method that sends a transaction.
const SEND: &str = "eth_sendRawTransaction";

/// Methods that not every node has, or that need not answer.
const OPTIONAL: &[&str] = &[
    "eth_feeHistory",
    "eth_maxPriorityFeePerGas",
    "eth_gasPrice",
    "eth_createAccessList",
    "eth_getBlockReceipts",
];

/// Kinds of nodes that answer, and their names.
const fn kinds() -> [NamedBehavior; 6] {
    let refused = -32_000;
    [
        ("answers jump back and forth", Behavior::Flapping(2)),
        ("receipts come before blocks", Behavior::Behind(1)),
        ("no gas estimate", Behavior::Refuses(&["eth_estimateGas"], refused, "cannot estimate")),
        ("no eth_feeHistory", Behavior::Refuses(OPTIONAL, -32_601, "method not found")),
        ("nonce too low, but mined", Behavior::Answers(SEND, refused, "nonce too low")),
        ("already known", Behavior::Answers(SEND, refused, "already known")),
    ]
}

/// The worker with this node; any listener will do as a service.
fn start_worker(folder: &TestFolder, rpc: &str, relay: &Relay, service: &str) -> BackgroundProcess {
    let relay = relay.url();
    BackgroundProcess::start(
        folder,
        &format!(
            "worker run --account dev:ada --price 1000gwei --capacity 16 --stake 0.5eth --state ada.db --rpc {rpc} \
             --relay {relay} --upstream {service}"
        ),
    )
}

/// Makes blocks as Arbitrum does, so that a node that is behind comes to know what was done.
fn mine_always(url: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            rpc(&url, "evm_mine", json!([])).await;
            sleep(Duration::from_millis(250)).await;
        }
    })
}

/// Buys, and waits until the worker has accepted and waits for the end.
async fn buy(folder: &TestFolder, health: &str) {
    let order = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    until_waiting_for(health, "the end of 0x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_accepts_on_every_kind_of_node() {
    let test_market = TestMarket::with_long_windows("node-kinds").await;
    test_market.fund_accounts(&["ada", "cleo"]);
    let folder = &test_market.folder;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let node = NodeProxy::start(&test_market.chain.url()).await.unwrap();
    let mut worker = start_worker(folder, &node.url, &relay, &node.url);
    let health = worker.health();
    is_listed(folder, "ada").await;
    let blocks = mine_always(test_market.chain.url());
    for (name, behavior) in kinds() {
        node.set_behavior(behavior).await;
        buy(folder, &health).await;
        print_row("worker", "accept", name, "accepts");
    }
    node.set_behavior(Behavior::Healthy).await;
    let latest = test_market.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let fee = super::quantity(&latest["baseFeePerGas"]);
    test_market.rpc("anvil_setNextBlockBaseFeePerGas", json!([fee * 5])).await;
    // Nobody knows of the fee before a block has it.
    test_market.chain.mine().await.unwrap();
    buy(folder, &health).await;
    blocks.abort();
    print_row("worker", "accept", "base fee is five times as high", "accepts");
    assert_eq!(worker.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_end_an_agreement_on_every_kind_of_node() {
    let mut kinds = kinds().into_iter();
    let mut turn = 0;
    while let (Some(report), Some(settle)) = (kinds.next(), kinds.next()) {
        turn += 1;
        let test_market = TestMarket::with_long_windows(&format!("node-kinds-{turn}")).await;
        test_market.fund_accounts(&["ada", "cleo"]);
        let (folder, good) = (&test_market.folder, test_market.chain.url());
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        let behaviors = vec![("report", report), ("settle", settle)];
        let mut nodes = KeptFaults(FaultyNodes::new(&good, behaviors, "done once").await);
        let urls = nodes.0.nodes.each_ref().map(|node| node.url.clone());
        let urls = urls.each_ref().map(String::as_str);
        let daemons = TestDaemons::start_on(urls, folder, &good, &relay.url()).await;
        let agreement = daemons.buy(&mut nodes).await;
        let blocks = mine_always(good.clone());
        daemons.run_to_settlement(&agreement, &mut nodes).await;
        blocks.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_connects_anew_when_its_websocket_falls_silent() {
    let test_market = TestMarket::with_long_windows("silent-websocket").await;
    test_market.fund_accounts(&["ada", "cleo"]);
    let (folder, url) = (&test_market.folder, test_market.chain.url());
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let proxy = TcpProxy::start(url.trim_start_matches("http://")).await.unwrap();
    let rpc = format!("ws://{}", proxy.address);
    let mut worker = start_worker(folder, &rpc, &relay, &url);
    let health = worker.health();
    is_listed(folder, "ada").await;
    until_waiting_for(&health, "somebody to buy").await;
    proxy.silence();
    buy(folder, &health).await;
    proxy.until_connected_anew().await;
    print_row("worker", "accept", "WebSocket falls silent", "connects anew, accepts");
    assert_eq!(worker.terminate(), Some(0));
}
