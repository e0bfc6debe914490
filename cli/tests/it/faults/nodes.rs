//! Nodes that answer slowly, wrongly, or not at all, beside a good one and alone, while others live on them.

use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use muster_messaging::{Relay, RelayConfig};
use stylus_devnode::{Config, Devnode};

use super::faulty_node::{FaultyNode, NodeBehavior};
use super::test_daemons::{FaultSchedule, TestDaemons};
use super::{health_text, print_row, quantity, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::is_listed;

/// Where nobody is.
const UNREACHABLE_URL: &str = "http://127.0.0.1:1";

/// So slow is a node that is slow.
const SLOW_DELAY: Duration = Duration::from_millis(200);

/// A worker, and its node that has moods.
struct WorkerSetup {
    /// The chain.
    test_market: TestMarket,
    /// The node.
    node: FaultyNode,
    /// A chain on which there is no market.
    other: Devnode,
    /// The way for letters.
    relay: Relay,
}

impl WorkerSetup {
    /// A market, and nobody on it.
    async fn new(name: &str) -> Self {
        let world = TestMarket::with_long_windows(name).await;
        world.fund_accounts(&["ada", "cleo"]);
        let front = FaultyNode::start(&world.chain.url()).await;
        let other = Devnode::start(Config::any_port()).await.unwrap();
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        Self { test_market: world, node: front, other, relay }
    }

    /// The worker with these nodes.
    fn worker(&self, nodes: &[&str]) -> Command {
        // Whatever listens is a service.
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

    /// Bad moods, and their names.
    fn bad_behaviors(&self) -> [NamedBehavior; 6] {
        [
            ("node babbles", NodeBehavior::NotJson),
            ("node fails with 500", NodeBehavior::HttpError(StatusCode::INTERNAL_SERVER_ERROR)),
            ("node says 429", NodeBehavior::HttpError(StatusCode::TOO_MANY_REQUESTS)),
            ("node answers -32603", NodeBehavior::RpcError(-32_603)),
            ("node answers -32000", NodeBehavior::RpcError(-32_000)),
            ("node of another chain", NodeBehavior::OtherChain(self.other.url())),
        ]
    }

    /// The mood of a node for which the latest block stays that of now.
    async fn stuck_behavior(&self) -> NamedBehavior {
        let head = self.test_market.rpc("eth_blockNumber", [(); 0].as_slice().into()).await;
        ("node is stuck", NodeBehavior::Stuck(quantity(&head)))
    }
}

/// The mood of a node that nobody waits for.
const fn silent_behavior() -> NamedBehavior {
    ("node is silent", NodeBehavior::Slow(Duration::from_mins(10)))
}

/// A mood of a node, and its name.
type NamedBehavior = (&'static str, NodeBehavior);

/// A node for each of a crew, all in the same mood, which is another one for each of its deeds.
struct FaultyNodes {
    /// The nodes.
    nodes: [FaultyNode; 3],
    /// The moods to come, and for what.
    behaviors: Vec<(&'static str, NamedBehavior)>,
    /// How what is done in a bad mood ends.
    outcome: &'static str,
}

impl FaultyNodes {
    /// Nodes that are well until the crew does something.
    async fn new(
        scene: &WorkerSetup,
        moods: Vec<(&'static str, NamedBehavior)>,
        outcome: &'static str,
    ) -> Self {
        let url = scene.test_market.chain.url();
        let fronts = [
            FaultyNode::start(&url).await,
            FaultyNode::start(&url).await,
            FaultyNode::start(&url).await,
        ];
        Self { nodes: fronts, behaviors: moods, outcome }
    }

    /// Changes how all are.
    async fn set_all(&self, behavior: &NodeBehavior) {
        for node in &self.nodes {
            node.set_behavior(behavior.clone()).await;
        }
    }

    /// Changes how all are for this deed, and shows what comes of it.
    async fn apply(&self, operation: &str) {
        for (_, (name, behavior)) in self.behaviors.iter().filter(|(what, _)| *what == operation) {
            self.set_all(behavior).await;
            print_row("all", operation, name, self.outcome);
        }
    }
}

/// Nodes that stay as they are, beside others.
struct WithHealthyNode(FaultyNodes);

impl FaultSchedule for WithHealthyNode {
    async fn before(&mut self, _: &TestDaemons<'_>, deed: &str) {
        self.0.apply(deed).await;
    }

    async fn due(&mut self, _: &TestDaemons<'_>, _: &str) {}
}

/// Nodes that get well when everybody has failed, but for those that are no worse than slow.
struct WithoutHealthyNode(FaultyNodes);

impl FaultSchedule for WithoutHealthyNode {
    async fn before(&mut self, crew: &TestDaemons<'_>, deed: &str) {
        self.0.apply(deed).await;
        if matches!(deed, "accept" | "report") {
            crew.until_all_failed(1).await;
        }
    }

    async fn due(&mut self, _: &TestDaemons<'_>, deed: &str) {
        if deed != "settle" {
            self.0.set_all(&NodeBehavior::Healthy).await;
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
        setup.node.set_behavior(NodeBehavior::Healthy).await;
        // Looks at all nodes are few: so many questions come from one that is preferred.
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
        setup.node.set_behavior(NodeBehavior::Healthy).await;
        setup.buy();
        until_waiting_for(&health, "the end of 0x").await;
        print_row("worker", "accept", name, "accepts when it is well");
    }
    setup.node.set_behavior(NodeBehavior::Slow(SLOW_DELAY)).await;
    setup.buy();
    print_row("worker", "accept", "node is slow", "accepts");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn all_daemons_fall_back_from_bad_nodes_to_a_good_one() {
    let setup = WorkerSetup::new("nodes-many").await;
    let (folder, good) = (&setup.test_market.folder, setup.test_market.chain.url());
    let [babbles, fails, .., foreign] = setup.bad_behaviors();
    let behaviors = vec![("accept", fails), ("report", foreign), ("settle", babbles)];
    let mut nodes =
        WithHealthyNode(FaultyNodes::new(&setup, behaviors, "asks the next node").await);
    let urls = nodes.0.nodes.each_ref().map(|front| [UNREACHABLE_URL, &front.url, &good].join(","));
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
    let slow = ("node is slow", NodeBehavior::Slow(SLOW_DELAY));
    let behaviors = vec![("accept", refuses), ("report", foreign), ("settle", slow)];
    let mut nodes =
        WithoutHealthyNode(FaultyNodes::new(&setup, behaviors, "goes on, done once").await);
    let urls = nodes.0.nodes.each_ref().map(|front| front.url.clone());
    let urls = urls.each_ref().map(String::as_str);
    let daemons = TestDaemons::start_on(urls, folder, &good, &setup.relay.url()).await;
    let agreement = daemons.buy(&mut nodes).await;
    daemons.run_to_settlement(&agreement, &mut nodes).await;
}
