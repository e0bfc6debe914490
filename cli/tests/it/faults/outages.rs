//! Processes while what it stands on gives way: the node, the relay, the chain's past. How the client
//! library bears slow and lying nodes, stolen nonces and transactions that are stuck is shown in its own tests.

use std::net::{Ipv4Addr, TcpListener};

use messages::{Relay, RelayConfig};
use serde_json::json;

use super::waits_for;
use crate::harness::{Background, Folder, SLOW, World, until};
use crate::worker::{endpoint, is_listed, worker};

/// What a client of these tests wants.
const WISH: &str = "--redundancy 1 --length 1200 --windows 1 --testers 0";

/// Buys, and returns the agreement.
fn buy(folder: &Folder) -> String {
    let bought = folder.json(&format!("client buy {WISH} --account dev:cleo"));
    bought["agreement"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_goes_on_when_its_node_and_its_relay_come_back() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let folder = Folder::new("outages", &format!("http://127.0.0.1:{port}"));
    let node = || {
        let mut node = Background::start(&folder, &format!("devnode --port {port} --state chain"));
        node.field("rpc");
        node
    };
    let chain = node();
    folder.deploy(SLOW);
    for name in ["ada", "cleo"] {
        folder.json(&format!("fund dev:{name} 1eth"));
    }
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let mut daemon = Background::spawn(worker(&folder, &relay.url()));
    let health = daemon.ready()["health"].as_str().unwrap().to_owned();
    let says = async || reqwest::get(&health).await.unwrap().text().await.unwrap();
    is_listed(&folder, "ada").await;

    assert_eq!(chain.terminate(), Some(0));
    until(async || says().await.starts_with("tries again")).await;
    let chain = node();
    let agreement = buy(&folder);
    folder.json(&format!("agreement wait {agreement} --state running"));

    let listen = relay.url().trim_start_matches("ws://").parse().unwrap();
    relay.stop().await;
    let relay = Relay::start(RelayConfig { listen, ..RelayConfig::default() }).await.unwrap();
    let key = folder.json("worker show dev:ada")["key"].as_str().unwrap().parse().unwrap();
    let (url, _) = endpoint(&relay.url(), agreement.parse().unwrap(), key).await;
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(daemon.terminate(), Some(0));
    assert_eq!(chain.terminate(), Some(0));
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
}
