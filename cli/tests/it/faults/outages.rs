//! Daemons while the node or the relay is down, and after reorgs.

use std::fs;

use muster_relay::{Relay, RelayConfig};
use serde_json::json;

use super::test_daemons::{FaultSchedule, TestDaemons, rpc};
use super::{print_row, until_waiting_for};
use crate::harness::{
    BackgroundProcess, LONG_WINDOWS, TestFolder, TestMarket, free_port, future_epoch_start, until,
};
use crate::worker::{is_listed, worker};

/// Steps that fail in half a minute: the pauses between them are a half, 1, 2, 4, 8 and 15 seconds.
const HALF_A_MINUTE: usize = 7;

/// Buys, and returns the agreement.
pub(super) fn buy(folder: &TestFolder) -> String {
    let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    bought["agreement"].as_str().unwrap().to_owned()
}

/// A node that is killed while an agreement runs, and restarted at its URL.
struct NodeOutages<'a> {
    /// The folder with its chain.
    folder: &'a TestFolder,
    /// Its URL.
    url: String,
    /// Its process.
    node: Option<BackgroundProcess>,
}

impl<'a> NodeOutages<'a> {
    /// A running node.
    fn new(folder: &'a TestFolder, url: &str) -> Self {
        let mut outages = Self { folder, url: url.to_owned(), node: None };
        outages.start();
        outages
    }

    /// Starts it.
    fn start(&mut self) {
        let port = self.url.rsplit(':').next().unwrap();
        let args =
            format!("devnode --port {port} --state chain --timestamp {}", future_epoch_start());
        let mut node = BackgroundProcess::start(self.folder, &args);
        node.field("rpc");
        self.node = Some(node);
    }

    /// Kills the node, and restarts it when so many steps of every daemon have failed. The chain continues from the last
    /// block that a daemon saw, because a real chain continues without this node.
    async fn kill_node(&mut self, daemons: &TestDaemons<'_>, times: usize) {
        let dump = rpc(&self.url, "anvil_dumpState", json!([])).await;
        // Dropping a process kills it.
        drop(self.node.take());
        let dump = alloy::hex::decode(dump.as_str().unwrap()).unwrap();
        fs::write(self.folder.file("chain"), dump).unwrap();
        daemons.until_all_failed(times).await;
        self.start();
    }
}

impl FaultSchedule for NodeOutages<'_> {
    async fn before(&mut self, daemons: &TestDaemons<'_>, operation: &str) {
        if operation == "endpoint" {
            self.kill_node(daemons, HALF_A_MINUTE).await;
        }
    }

    async fn due(&mut self, _: &TestDaemons<'_>, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_recover_when_node_and_relay_come_back() {
    let (node, relay_port) = (format!("http://127.0.0.1:{}", free_port()), free_port());
    let folder = TestFolder::new("outages", &node);
    let start_relay = || {
        let mut relay =
            BackgroundProcess::start(&folder, &format!("relay --listen 127.0.0.1:{relay_port}"));
        relay.field("url");
        relay
    };
    let (mut outages, relay) = (NodeOutages::new(&folder, &node), start_relay());
    folder.deploy(LONG_WINDOWS);
    let daemons = TestDaemons::start(&folder, &node, &format!("ws://127.0.0.1:{relay_port}")).await;

    // Dropping a process kills it.
    drop(relay);
    let agreement = daemons.buy(&mut outages).await;
    let relay = start_relay();
    daemons.run_to_settlement(&agreement, &mut outages).await;
    let node = outages.node.take().unwrap();
    assert_eq!((relay.terminate(), node.terminate()), (Some(0), Some(0)));
    print_row("all", "running", "node is killed for 30 s", "continues, done once");
    print_row("all", "messages", "relay is killed", "requests again, is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_accepts_again_after_a_reorg() {
    let test_market = TestMarket::with_long_windows("moved-back").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let mut daemon = BackgroundProcess::spawn(worker(folder, &relay.url()));
    daemon.ready();
    is_listed(folder, "ada").await;
    assert_eq!(daemon.terminate(), Some(0));

    let agreement = buy(folder);
    let before = test_market.rpc("evm_snapshot", json!([])).await;
    let mut daemon = BackgroundProcess::spawn(worker(folder, &relay.url()));
    daemon.ready();
    folder.json(&format!("agreement wait {agreement} --state running"));
    assert_eq!(test_market.rpc("evm_revert", json!([before])).await, true);
    folder.json(&format!("agreement wait {agreement} --state running"));
    test_market.advance_time(2_000).await;
    folder.json(&format!("agreement wait {agreement} --state settled"));
    until(async || folder.json("credit dev:ada")["credit"] == "0").await;
    assert_eq!(daemon.terminate(), Some(0));
    print_row("worker", "accept", "reorg", "accepts again");
}

/// An agreement that nobody accepts, so that its whole price comes back; the daemon of its client, and the URL of its health.
pub(super) async fn start_refund(
    test_market: &TestMarket,
    relay: &Relay,
) -> (String, BackgroundProcess, String) {
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let agreement = buy(folder);
    let options = format!("--relay {} --courtesy 0 --withdraw-at 1wei", relay.url());
    let mut daemon =
        BackgroundProcess::start(folder, &format!("client run --account dev:cleo {options}"));
    let health = daemon.health();
    until_waiting_for(&health, "a worker to accept 0x").await;
    (agreement, daemon, health)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_settles_again_after_a_reorg() {
    let test_market = TestMarket::with_long_windows("settled-back").await;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let (agreement, daemon, health) = start_refund(&test_market, &relay).await;
    let folder = &test_market.folder;
    let before = test_market.rpc("evm_snapshot", json!([])).await;
    let state = || folder.json(&format!("agreement show {agreement}"))["state"].clone();
    test_market.advance_time(700).await;
    until_waiting_for(&health, "agreements").await;
    assert_eq!(state(), "void");
    assert_eq!(test_market.rpc("evm_revert", json!([before])).await, true);
    assert_eq!(state(), "offered");
    test_market.advance_time(700).await;
    until(async || state() == "void").await;
    until_waiting_for(&health, "agreements").await;
    assert_eq!(folder.json("credit dev:cleo")["credit"], "0");
    assert_eq!(daemon.terminate(), Some(0));
    print_row("client", "settle", "reorg", "settles and withdraws again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_drops_an_agreement_after_a_reorg() {
    let test_market = TestMarket::with_long_windows("undone").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    test_market.join_testers(&["tom", "una", "vic"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let run = "tester run --account dev:tom --check factor --state tom.db";
    let mut daemon = BackgroundProcess::start(folder, &format!("{run} --relay {}", relay.url()));
    let health = daemon.ready()["health"].as_str().unwrap().to_owned();
    let buys = "client buy --redundancy 1 --length 1200 --windows 1 --testers 3 --account dev:cleo";
    until_waiting_for(&health, "epoch").await;
    let before = test_market.rpc("evm_snapshot", json!([])).await;
    folder.json(buys);
    until_waiting_for(&health, "a worker to accept").await;
    assert_eq!(test_market.rpc("evm_revert", json!([before])).await, true);
    until_waiting_for(&health, "epoch").await;
    assert_eq!(daemon.terminate(), Some(0));

    // A daemon that is started after the reorg ignores the agreement too.
    let mut daemon = BackgroundProcess::start(folder, &format!("{run} --relay {}", relay.url()));
    let health = daemon.ready()["health"].as_str().unwrap().to_owned();
    until_waiting_for(&health, "epoch").await;
    folder.json(&format!("{buys} --at-most 1eth"));
    until_waiting_for(&health, "a worker to accept").await;
    assert_eq!(daemon.terminate(), Some(0));
    print_row("tester", "its seat", "reorg", "forgets, takes up again");
}
