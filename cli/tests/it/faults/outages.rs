//! Processes while what they stand on gives way: the node, the relay, the chain's past.

use std::net::{Ipv4Addr, TcpListener};

use messages::{Relay, RelayConfig};
use serde_json::json;

use super::crew::Crew;
use super::{row, waits_for};
use crate::harness::{Background, Folder, SLOW, World, until};
use crate::worker::{is_listed, worker};

/// Steps that fail in half a minute: the pauses between them are a half, 1, 2, 4, 8 and 15 seconds.
const HALF_A_MINUTE: usize = 7;

/// A port that is free.
fn port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// Buys, and returns the agreement.
fn buy(folder: &Folder) -> String {
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    bought["agreement"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_goes_on_when_node_and_relay_come_back() {
    let (node_port, relay_port) = (port(), port());
    let node = format!("http://127.0.0.1:{node_port}");
    let folder = Folder::new("outages", &node);
    let start = |what: &str, field: &str| {
        let mut process = Background::start(&folder, what);
        process.field(field);
        process
    };
    let devnode = || start(&format!("devnode --port {node_port} --state chain"), "rpc");
    let post = || start(&format!("relay --listen 127.0.0.1:{relay_port}"), "url");
    let (chain, relay) = (devnode(), post());
    folder.deploy(SLOW);
    let crew = Crew::start(&folder, &node, &format!("ws://127.0.0.1:{relay_port}")).await;

    assert_eq!(chain.terminate(), Some(0));
    crew.all_fail(HALF_A_MINUTE).await;
    let chain = devnode();
    crew.all_wait_for(["somebody to buy", "epoch", "agreements"]).await;

    // Dropped is killed.
    drop(relay);
    let agreement = crew.buys().await;
    let relay = post();
    crew.lives(&agreement).await;
    assert_eq!((relay.terminate(), chain.terminate()), (Some(0), Some(0)));
    row("all", "everything", "node is away for 30 s", "goes on, done once");
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
