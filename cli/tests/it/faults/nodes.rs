//! Nodes that answer slowly, wrongly, or not at all, beside a good one and alone, while a worker lives on them.

use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use devnode::{Config, Devnode};
use messages::{Relay, RelayConfig};

use super::front::{Front, Mood};
use super::{row, says, waits_for};
use crate::harness::{Background, World, until};
use crate::worker::is_listed;

/// Where nobody is.
const NOBODY: &str = "http://127.0.0.1:1";

/// A worker, and its node that has moods.
struct Scene {
    /// The chain.
    world: World,
    /// The node.
    front: Front,
    /// A chain on which there is no market.
    other: Devnode,
    /// The way for letters.
    relay: Relay,
}

impl Scene {
    /// A market, and nobody on it.
    async fn new(name: &str) -> Self {
        let world = World::slow(name).await;
        world.fund(&["ada", "cleo"]);
        let front = Front::of(&world.chain.url()).await;
        let other = Devnode::start(Config::any_port()).await.unwrap();
        let relay = Relay::start(RelayConfig::default()).await.unwrap();
        Self { world, front, other, relay }
    }

    /// The worker with these nodes.
    fn worker(&self, nodes: &[&str]) -> Command {
        // Whatever listens is a service.
        let (relay, service) = (self.relay.url(), &self.front.url);
        let mut command = self.world.folder.command(&format!(
            "worker run --account dev:ada --price 1000gwei --capacity 16 --stake 0.5eth --state ada.db \
             --upstream {service} --relay {relay}"
        ));
        command.env("MUSTER_RPC", nodes.join(","));
        command
    }

    /// Buys, and waits until the worker has accepted.
    fn buys(&self) {
        let folder = &self.world.folder;
        let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
        let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
        let agreement = bought["agreement"].as_str().unwrap();
        folder.json(&format!("agreement wait {agreement} --state running"));
    }

    /// Bad moods, and their names.
    fn moods(&self) -> [(&'static str, Mood); 6] {
        [
            ("node babbles", Mood::Babbling),
            ("node fails with 500", Mood::Failing(StatusCode::INTERNAL_SERVER_ERROR)),
            ("node says 429", Mood::Failing(StatusCode::TOO_MANY_REQUESTS)),
            ("node answers -32603", Mood::Refusing(-32_603)),
            ("node answers -32000", Mood::Refusing(-32_000)),
            ("node of another chain", Mood::Foreign(self.other.url())),
        ]
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_good_node_a_bad_one_keeps_a_worker_from_nothing() {
    let scene = Scene::new("nodes-two").await;
    let nodes = [NOBODY, &scene.front.url, &scene.world.chain.url()];
    let mut daemon = Background::spawn(scene.worker(&nodes));
    let health = daemon.health();
    is_listed(&scene.world.folder, "ada").await;
    let head = scene.world.ask("eth_blockNumber", [(); 0].as_slice().into()).await;
    let head = u64::from_str_radix(head.as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    let slow = ("node is silent", Mood::Slow(Duration::from_mins(10)));
    let others = [slow, ("node is stuck", Mood::Stuck(head))];
    for (name, mood) in scene.moods().into_iter().chain(others) {
        scene.front.becomes(mood).await;
        scene.buys();
        row("worker", "accept", name, "asks the next node");
        scene.front.becomes(Mood::Well).await;
        // Looks at all nodes are few: so many questions come from one that is preferred.
        scene.front.is_asked(20).await;
    }
    waits_for(&health, "the end of 0x").await;
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_node_a_worker_says_what_is_wrong_and_goes_on_when_it_is_well() {
    let scene = Scene::new("nodes-one").await;
    let mut daemon = Background::spawn(scene.worker(&[&scene.front.url]));
    let health = daemon.health();
    is_listed(&scene.world.folder, "ada").await;
    for (name, mood) in scene.moods() {
        scene.front.becomes(mood).await;
        until(async || says(&health).await.starts_with("tries again: ")).await;
        scene.front.becomes(Mood::Well).await;
        scene.buys();
        waits_for(&health, "the end of 0x").await;
        row("worker", "accept", name, "accepts when it is well");
    }
    scene.front.becomes(Mood::Slow(Duration::from_millis(200))).await;
    scene.buys();
    row("worker", "accept", "node is slow", "accepts");
    assert_eq!(daemon.terminate(), Some(0));
}
