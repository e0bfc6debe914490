//! Processes while what they stand on gives way: the node, the relay, the chain's past.

use std::fs;

use muster_relay::{Relay, RelayConfig};
use serde_json::json;

use super::crew::{Crew, Weather, rpc};
use super::{row, waits_for};
use crate::harness::{Background, Folder, SLOW, World, port, until};
use crate::worker::{is_listed, worker};

/// Steps that fail in half a minute: the pauses between them are a half, 1, 2, 4, 8 and 15 seconds.
const HALF_A_MINUTE: usize = 7;

/// Buys, and returns the agreement.
fn buy(folder: &Folder) -> String {
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    bought["agreement"].as_str().unwrap().to_owned()
}

/// A node that is killed while an agreement runs, and comes back where it was.
struct Outages<'a> {
    /// Where it keeps its chain.
    folder: &'a Folder,
    /// Where it is.
    url: String,
    /// Its process.
    node: Option<Background>,
}

impl<'a> Outages<'a> {
    /// A node that runs.
    fn new(folder: &'a Folder, url: &str) -> Self {
        let mut outages = Self { folder, url: url.to_owned(), node: None };
        outages.start();
        outages
    }

    /// Starts it.
    fn start(&mut self) {
        let port = self.url.rsplit(':').next().unwrap();
        let mut node =
            Background::start(self.folder, &format!("devnode --port {port} --state chain"));
        node.field("rpc");
        self.node = Some(node);
    }

    /// Is killed, and comes back when so many steps have failed to everybody. No block is made between the last that
    /// anybody saw and the kill, and the chain goes on from there: a real one goes on without the node that is asked.
    async fn strikes(&mut self, crew: &Crew<'_>, times: usize) {
        let image = rpc(&self.url, "anvil_dumpState", json!([])).await;
        // Dropped is killed.
        drop(self.node.take());
        let image = alloy::hex::decode(image.as_str().unwrap()).unwrap();
        fs::write(self.folder.file("chain"), image).unwrap();
        crew.all_fail(times).await;
        self.start();
    }
}

impl Weather for Outages<'_> {
    async fn before(&mut self, crew: &Crew<'_>, deed: &str) {
        if deed == "look" {
            self.strikes(crew, HALF_A_MINUTE).await;
        }
    }

    async fn due(&mut self, _: &Crew<'_>, _: &str) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_goes_on_when_node_and_relay_come_back() {
    let (node, relay_port) = (format!("http://127.0.0.1:{}", port()), port());
    let folder = Folder::new("outages", &node);
    let post = || {
        let mut relay =
            Background::start(&folder, &format!("relay --listen 127.0.0.1:{relay_port}"));
        relay.field("url");
        relay
    };
    let (mut outages, relay) = (Outages::new(&folder, &node), post());
    folder.deploy(SLOW);
    let crew = Crew::start(&folder, &node, &format!("ws://127.0.0.1:{relay_port}")).await;

    // Dropped is killed.
    drop(relay);
    let agreement = crew.buys(&mut outages).await;
    let relay = post();
    crew.lives(&agreement, &mut outages).await;
    let node = outages.node.take().unwrap();
    assert_eq!((relay.terminate(), node.terminate()), (Some(0), Some(0)));
    row("all", "running", "node is killed for 30 s", "goes on, done once");
    row("all", "letters", "relay is killed", "asks anew, is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_accept_is_undone_by_the_chain_accepts_again() {
    let world = World::slow("moved-back").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let mut daemon = Background::spawn(worker(folder, &relay.url()));
    daemon.ready();
    is_listed(folder, "ada").await;
    assert_eq!(daemon.terminate(), Some(0));

    let agreement = buy(folder);
    let before = world.ask("evm_snapshot", json!([])).await;
    let mut daemon = Background::spawn(worker(folder, &relay.url()));
    daemon.ready();
    folder.json(&format!("agreement wait {agreement} --state running"));
    assert_eq!(world.ask("evm_revert", json!([before])).await, true);
    folder.json(&format!("agreement wait {agreement} --state running"));
    world.pass(2_000).await;
    folder.json(&format!("agreement wait {agreement} --state settled"));
    until(async || folder.json("credit dev:ada")["credit"] == "0").await;
    assert_eq!(daemon.terminate(), Some(0));
    row("worker", "accept", "the chain moves back", "accepts again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_settlement_is_undone_by_the_chain_settles_again() {
    let world = World::slow("settled-back").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    // Nobody serves it: all that it cost comes back.
    let agreement = buy(folder);
    let options = format!("--relay {} --courtesy 0 --withdraw-at 1wei", relay.url());
    let mut daemon = Background::start(folder, &format!("client run --account dev:cleo {options}"));
    let health = daemon.health();
    waits_for(&health, "a worker to accept 0x").await;
    let before = world.ask("evm_snapshot", json!([])).await;
    let state = || folder.json(&format!("agreement show {agreement}"))["state"].clone();
    world.pass(700).await;
    waits_for(&health, "agreements").await;
    assert_eq!(state(), "void");
    assert_eq!(world.ask("evm_revert", json!([before])).await, true);
    assert_eq!(state(), "offered");
    world.pass(700).await;
    until(async || state() == "void").await;
    waits_for(&health, "agreements").await;
    assert_eq!(folder.json("credit dev:cleo")["credit"], "0");
    assert_eq!(daemon.terminate(), Some(0));
    row("client", "settle", "the chain moves back", "settles and withdraws again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_forgets_what_the_chain_undid() {
    let world = World::slow("undone").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    world.testers(&["tom", "una", "vic"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let run = "tester run --account dev:tom --check factor --state tom.db";
    let mut daemon = Background::start(folder, &format!("{run} --relay {}", relay.url()));
    let health = daemon.ready()["health"].as_str().unwrap().to_owned();
    let buys = "client buy --redundancy 1 --length 1200 --windows 1 --testers 3 --account dev:cleo";
    waits_for(&health, "epoch").await;
    let before = world.ask("evm_snapshot", json!([])).await;
    folder.json(buys);
    waits_for(&health, "a worker to accept").await;
    assert_eq!(world.ask("evm_revert", json!([before])).await, true);
    waits_for(&health, "epoch").await;
    assert_eq!(daemon.terminate(), Some(0));

    // Neither does one that is started now stumble over it.
    let mut daemon = Background::start(folder, &format!("{run} --relay {}", relay.url()));
    let health = daemon.ready()["health"].as_str().unwrap().to_owned();
    waits_for(&health, "epoch").await;
    folder.json(&format!("{buys} --at-most 1eth"));
    waits_for(&health, "a worker to accept").await;
    assert_eq!(daemon.terminate(), Some(0));
    row("tester", "its seat", "the chain moves back", "forgets, takes up again");
}
