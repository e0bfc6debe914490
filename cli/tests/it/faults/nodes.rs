//! Nodes that answer slowly, wrongly, or not at all, beside a good one and alone, while others live on them.

use std::process::Command;
use std::time::Duration;

use axum::http::StatusCode;
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::{Config, Devnode};

use super::crew::{Crew, Weather};
use super::front::{Front, Mood};
use super::{quantity, row, says, waits_for};
use crate::harness::{Background, World, until};
use crate::worker::is_listed;

/// Where nobody is.
const NOBODY: &str = "http://127.0.0.1:1";

/// So slow is a node that is slow.
const SLOWLY: Duration = Duration::from_millis(200);

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
    fn moods(&self) -> [Named; 6] {
        [
            ("node babbles", Mood::Babbling),
            ("node fails with 500", Mood::Failing(StatusCode::INTERNAL_SERVER_ERROR)),
            ("node says 429", Mood::Failing(StatusCode::TOO_MANY_REQUESTS)),
            ("node answers -32603", Mood::Refusing(-32_603)),
            ("node answers -32000", Mood::Refusing(-32_000)),
            ("node of another chain", Mood::Foreign(self.other.url())),
        ]
    }

    /// The mood of a node for which the latest block stays that of now.
    async fn stuck(&self) -> Named {
        let head = self.world.ask("eth_blockNumber", [(); 0].as_slice().into()).await;
        ("node is stuck", Mood::Stuck(quantity(&head)))
    }
}

/// The mood of a node that nobody waits for.
const fn silent() -> Named {
    ("node is silent", Mood::Slow(Duration::from_mins(10)))
}

/// A mood of a node, and its name.
type Named = (&'static str, Mood);

/// A node for each of a crew, all in the same mood, which is another one for each of its deeds.
struct Nodes {
    /// The nodes.
    fronts: [Front; 3],
    /// The moods to come, and for what.
    moods: Vec<(&'static str, Named)>,
    /// How what is done in a bad mood ends.
    outcome: &'static str,
}

impl Nodes {
    /// Nodes that are well until the crew does something.
    async fn new(scene: &Scene, moods: Vec<(&'static str, Named)>, outcome: &'static str) -> Self {
        let url = scene.world.chain.url();
        let fronts = [Front::of(&url).await, Front::of(&url).await, Front::of(&url).await];
        Self { fronts, moods, outcome }
    }

    /// Changes how all are.
    async fn become_all(&self, mood: &Mood) {
        for front in &self.fronts {
            front.becomes(mood.clone()).await;
        }
    }

    /// Changes how all are for this deed, and shows what comes of it.
    async fn turn(&self, deed: &str) {
        for (_, (name, mood)) in self.moods.iter().filter(|(what, _)| *what == deed) {
            self.become_all(mood).await;
            row("all", deed, name, self.outcome);
        }
    }
}

/// Nodes that stay as they are, beside others.
struct Beside(Nodes);

impl Weather for Beside {
    async fn before(&mut self, _: &Crew<'_>, deed: &str) {
        self.0.turn(deed).await;
    }

    async fn due(&mut self, _: &Crew<'_>, _: &str) {}
}

/// Nodes that get well when everybody has failed, but for those that are no worse than slow.
struct Alone(Nodes);

impl Weather for Alone {
    async fn before(&mut self, crew: &Crew<'_>, deed: &str) {
        self.0.turn(deed).await;
        if matches!(deed, "accept" | "report") {
            crew.all_fail(1).await;
        }
    }

    async fn due(&mut self, _: &Crew<'_>, deed: &str) {
        if deed != "settle" {
            self.0.become_all(&Mood::Well).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_good_node_a_bad_one_keeps_a_worker_from_nothing() {
    let scene = Scene::new("nodes-two").await;
    let nodes = [NOBODY, &scene.front.url, &scene.world.chain.url()];
    let mut daemon = Background::spawn(scene.worker(&nodes));
    let health = daemon.health();
    is_listed(&scene.world.folder, "ada").await;
    let others = [silent(), scene.stuck().await];
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
    scene.front.becomes(Mood::Slow(SLOWLY)).await;
    scene.buys();
    row("worker", "accept", "node is slow", "accepts");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_a_good_node_bad_ones_keep_nobody_from_anything() {
    let scene = Scene::new("nodes-many").await;
    let (folder, good) = (&scene.world.folder, scene.world.chain.url());
    let [babbles, fails, .., foreign] = scene.moods();
    let moods = vec![("accept", fails), ("report", foreign), ("settle", babbles)];
    let mut nodes = Beside(Nodes::new(&scene, moods, "asks the next node").await);
    let urls = nodes.0.fronts.each_ref().map(|front| [NOBODY, &front.url, &good].join(","));
    let urls = urls.each_ref().map(String::as_str);
    let crew = Crew::on(urls, folder, &good, &scene.relay.url()).await;
    let agreement = crew.buys(&mut nodes).await;
    crew.lives(&agreement, &mut nodes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_one_node_each_all_go_on_when_it_is_well_and_while_it_is_slow() {
    let scene = Scene::new("nodes-each").await;
    let (folder, good) = (&scene.world.folder, scene.world.chain.url());
    let [.., refuses, foreign] = scene.moods();
    let slow = ("node is slow", Mood::Slow(SLOWLY));
    let moods = vec![("accept", refuses), ("report", foreign), ("settle", slow)];
    let mut nodes = Alone(Nodes::new(&scene, moods, "goes on, done once").await);
    let urls = nodes.0.fronts.each_ref().map(|front| front.url.clone());
    let urls = urls.each_ref().map(String::as_str);
    let crew = Crew::on(urls, folder, &good, &scene.relay.url()).await;
    let agreement = crew.buys(&mut nodes).await;
    crew.lives(&agreement, &mut nodes).await;
}
