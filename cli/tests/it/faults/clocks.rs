//! Machines whose clock is not the chain's.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_relay::{Relay, RelayConfig};
use stylus_devnode::{Config, Devnode};

use super::crew::{Calm, Crew};
use super::row;
use crate::harness::{Folder, SLOW};

/// Much longer than it takes to miss everything.
const HOUR: u64 = 3_600;

/// Lets everybody live on a chain that begins in this second.
async fn live(name: &str, genesis: u64) {
    let config = Config { genesis: Some(genesis), ..Config::any_port() };
    let chain = Devnode::start(config).await.unwrap();
    let (node, relay) = (chain.url(), Relay::start(RelayConfig::default()).await.unwrap());
    let folder = Folder::new(name, &node);
    folder.deploy(SLOW);
    let crew = Crew::start(&folder, &node, &relay.url()).await;
    let agreement = crew.buys(&mut Calm).await;
    crew.lives(&agreement, &mut Calm).await;
}

/// The machine's second.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_ahead_misses_nothing_and_does_nothing_too_early() {
    live("clock-ahead", now() - HOUR).await;
    row("all", "everything", "clock is an hour ahead", "done once, in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_behind_misses_nothing() {
    live("clock-behind", now() + HOUR).await;
    row("all", "everything", "clock is an hour behind", "done once, in time");
}
