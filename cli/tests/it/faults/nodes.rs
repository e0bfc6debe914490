//! Daemons on nodes that answer slowly, wrongly or not at all, with and without a healthy node beside them.

use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use muster_node_proxy::{Behavior, NodeProxy};
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::{Config, Devnode};

use super::test_daemons::{FaultSchedule, TestDaemons};
use super::{health_text, print_row, quantity, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::is_listed;

/// A URL without a node.
const UNREACHABLE_URL: &str = "http://127.0.0.1:1";

/// The delay of a slow node.
const SLOW_DELAY: Duration = Duration::from_millis(200);

/// A worker, and its node with faults.
struct WorkerSetup {
    /// The chain.
    test_market: TestMarket,
    /// The node.
    node: NodeProxy,
    /// A chain on which there is no market.
    other: Devnode,
    /// The relay for messages.
    relay: Relay,
}

impl WorkerSetup {
    /// A market without workers.
    async fn new(name: &str) -> Self {
        let test_market = TestMarket::with_long_windows(name).await;
        test_market.fund_accounts(&["ada", "cleo"]);
        let node = NodeProxy::start(&test_market.chain.url()).await.unwrap();
        let other = Devnode::start(Config::any_port()).await.unwrap();
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        Self { test_market, node, other, relay }
    }

    /// The worker with these nodes.
    fn worker(&self, nodes: &[&str]) -> Command {
        // Any listener will do as a service.
        let (relay, service) = (self.relay.url(), &self.node.url);
        let mut command = self.test_market.folder.command(&format!(
            "worker run --account dev:ada --price 1000gwei --capacity 16 --stake 0.5eth --state ada.db \
             --upstream {service} --relay {relay}"
        ));
        command.env("MUSTER_RPC", nodes.join(","));
        command
    }

    /// Buys, and waits until the worker has accepted.
    fn buy(&self) {
        let folder = &self.test_market.folder;
        let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 0";
        let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
        let agreement = bought["agreement"].as_str().unwrap();
        folder.json(&format!("agreement wait {agreement} --state running"));
    }

    /// Faults that a daemon notices, and their names.
    fn bad_behaviors(&self) -> [NamedBehavior; 6] {
        [
            ("node answers no JSON", Behavior::NotJson),
            ("node fails with 500", Behavior::HttpError(StatusCode::INTERNAL_SERVER_ERROR)),
            ("node says 429", Behavior::HttpError(StatusCode::TOO_MANY_REQUESTS)),
            ("node answers -32603", Behavior::RpcError(-32_603)),
            ("node answers -32000", Behavior::RpcError(-32_000)),
            ("node of another chain", Behavior::OtherChain(self.other.url())),
        ]
    }

    /// The fault of a node whose latest block stays the current one.
    async fn stuck_behavior(&self) -> NamedBehavior {
        let head = self.test_market.rpc("eth_blockNumber", [(); 0].as_slice().into()).await;
        ("node is stuck", Behavior::Stuck(quantity(&head)))
    }
}

/// The fault of a node that answers only after every timeout.
const fn silent_behavior() -> NamedBehavior {
    ("node is silent", Behavior::Slow(Duration::from_mins(10)))
}

/// A fault of a node, and its name.
pub(super) type NamedBehavior = (&'static str, Behavior);

/// A node for each daemon, all with the same fault, which changes with each operation.
pub(super) struct FaultyNodes {
    /// The nodes.
    pub(super) nodes: [NodeProxy; 3],
    /// The fault for each operation.
    behaviors: Vec<(&'static str, NamedBehavior)>,
    /// The outcome of an operation under its fault.
    outcome: &'static str,
}

impl FaultyNodes {
    /// Nodes that are healthy until the first operation.
    pub(super) async fn new(
        url: &str,
        behaviors: Vec<(&'static str, NamedBehavior)>,
        outcome: &'static str,
    ) -> Self {
        let nodes = [
            NodeProxy::start(url).await.unwrap(),
            NodeProxy::start(url).await.unwrap(),
            NodeProxy::start(url).await.unwrap(),
        ];
        Self { nodes, behaviors, outcome }
    }

    /// Changes the behavior of all.
    async fn set_all(&self, behavior: &Behavior) {
        for node in &self.nodes {
            node.set_behavior(behavior.clone()).await;
        }
    }

    /// Changes the behavior of all for this operation, and prints the outcome.
    async fn apply(&self, operation: &str) {
        for (_, (name, behavior)) in self.behaviors.iter().filter(|(what, _)| *what == operation) {
            self.set_all(behavior).await;
            print_row("all", operation, name, self.outcome);
        }
    }
}

/// Nodes that keep their faults, from one operation to the next.
pub(super) struct KeptFaults(pub(super) FaultyNodes);

impl FaultSchedule for KeptFaults {
    async fn before(&mut self, _: &TestDaemons<'_>, operation: &str) {
        self.0.apply(operation).await;
    }

    async fn due(&mut self, _: &TestDaemons<'_>, _: &str) {}
}

/// Nodes that recover when every daemon has failed; slow ones stay slow.
struct WithoutHealthyNode(FaultyNodes);

impl FaultSchedule for WithoutHealthyNode {
    async fn before(&mut self, daemons: &TestDaemons<'_>, operation: &str) {
        self.0.apply(operation).await;
        if matches!(operation, "accept" | "report") {
            daemons.until_all_failed(1).await;
        }
    }

    async fn due(&mut self, _: &TestDaemons<'_>, operation: &str) {
        if operation != "settle" {
            self.0.set_all(&Behavior::Healthy).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_falls_back_from_a_bad_node_to_a_good_one() {
    let setup = WorkerSetup::new("nodes-two").await;
    let nodes = [UNREACHABLE_URL, &setup.node.url, &setup.test_market.chain.url()];
    let mut daemon = BackgroundProcess::spawn(setup.worker(&nodes));
    let health = daemon.health();
    is_listed(&setup.test_market.folder, "ada").await;
    let others = [silent_behavior(), setup.stuck_behavior().await];
    for (name, behavior) in setup.bad_behaviors().into_iter().chain(others) {
        setup.node.set_behavior(behavior).await;
        setup.buy();
        print_row("worker", "accept", name, "asks the next node");
        setup.node.set_behavior(Behavior::Healthy).await;
        // Health checks of all nodes are few: so many requests mean that the worker prefers this node.
        setup.node.until_requested(20).await;
    }
    until_waiting_for(&health, "the end of 0x").await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_one_bad_node_reports_the_error_and_recovers() {
    let setup = WorkerSetup::new("nodes-one").await;
    let mut daemon = BackgroundProcess::spawn(setup.worker(&[&setup.node.url]));
    let health = daemon.health();
    is_listed(&setup.test_market.folder, "ada").await;
    for (name, behavior) in setup.bad_behaviors() {
        setup.node.set_behavior(behavior).await;
        until(async || health_text(&health).await.starts_with("failing since ")).await;
        setup.node.set_behavior(Behavior::Healthy).await;
        setup.buy();
        until_waiting_for(&health, "the end of 0x").await;
        print_row("worker", "accept", name, "accepts when it recovers");
    }
    setup.node.set_behavior(Behavior::Slow(SLOW_DELAY)).await;
    setup.buy();
    print_row("worker", "accept", "node is slow", "accepts");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_fall_back_from_bad_nodes_to_a_good_one() {
    let setup = WorkerSetup::new("nodes-many").await;
    let (folder, good) = (&setup.test_market.folder, setup.test_market.chain.url());
    let [not_json, fails, .., foreign] = setup.bad_behaviors();
    let behaviors = vec![("accept", fails), ("report", foreign), ("settle", not_json)];
    let mut nodes = KeptFaults(FaultyNodes::new(&good, behaviors, "asks the next node").await);
    let urls = nodes.0.nodes.each_ref().map(|node| [UNREACHABLE_URL, &node.url, &good].join(","));
    let urls = urls.each_ref().map(String::as_str);
    let daemons = TestDaemons::start_on(urls, folder, &good, &setup.relay.url()).await;
    let agreement = daemons.buy(&mut nodes).await;
    daemons.run_to_settlement(&agreement, &mut nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_with_one_node_recover_and_tolerate_a_slow_one() {
    let setup = WorkerSetup::new("nodes-each").await;
    let (folder, good) = (&setup.test_market.folder, setup.test_market.chain.url());
    let [.., refuses, foreign] = setup.bad_behaviors();
    let slow = ("node is slow", Behavior::Slow(SLOW_DELAY));
    let behaviors = vec![("accept", refuses), ("report", foreign), ("settle", slow)];
    let mut nodes =
        WithoutHealthyNode(FaultyNodes::new(&good, behaviors, "continues, done once").await);
    let urls = nodes.0.nodes.each_ref().map(|node| node.url.clone());
    let urls = urls.each_ref().map(String::as_str);
    let daemons = TestDaemons::start_on(urls, folder, &good, &setup.relay.url()).await;
    let agreement = daemons.buy(&mut nodes).await;
    daemons.run_to_settlement(&agreement, &mut nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_sends_logs_of_few_blocks_shows_the_same() {
    let test_market = TestMarket::new("log-ranges").await;
    test_market.fund_accounts(&["ada", "cleo"]);
    let folder = &test_market.folder;
    folder.json("worker register --account dev:ada --price 20gwei");
    let order = "--length 100 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy --account dev:cleo {order}"));
    let agreement = bought["agreement"].as_str().unwrap();
    for _ in 0..60 {
        test_market.advance_time(10).await;
    }
    folder.json(&format!("settle {agreement} --account dev:ada"));
    for most in [1, 7, 20] {
        let limited = Behavior::LogRange(most);
        let node = NodeProxy::start_with(&test_market.chain.url(), limited).await.unwrap();
        for command in ["agreement list", "history", &format!("ledger {agreement}")] {
            let shown = folder.run(command);
            assert_eq!(shown.code, 0, "{command}: {}", shown.stderr);
            let with_limit = folder.run(&format!("{command} --rpc {}", node.url));
            assert_eq!(with_limit.stdout, shown.stdout, "{command}: {}", with_limit.stderr);
        }
    }
}
