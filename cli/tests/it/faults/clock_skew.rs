//! Machines whose clock differs from the chain's.

use std::time::{SystemTime, UNIX_EPOCH};

use muster_relay::{Relay, RelayConfig};
use stylus_devnode::{Config, Devnode};

use super::print_row;
use super::test_daemons::{NoFaults, TestDaemons};
use crate::harness::{LONG_WINDOWS, TestFolder};

/// An offset that is much longer than all deadlines.
const HOUR: u64 = 3_600;

/// Runs all daemons on a chain that starts at this time.
async fn run_with_genesis(name: &str, genesis: u64) {
    let config = Config { genesis: Some(genesis), ..Config::any_port() };
    let chain = Devnode::start(config).await.unwrap();
    let (node, relay) = (chain.url(), Relay::start(RelayConfig::default()).await.unwrap());
    let folder = TestFolder::new(name, &node);
    folder.deploy(LONG_WINDOWS);
    let daemons = TestDaemons::start(&folder, &node, &relay.url()).await;
    let agreement = daemons.buy(&mut NoFaults).await;
    daemons.run_to_settlement(&agreement, &mut NoFaults).await;
}

/// The time of the machine, in Unix seconds.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_ahead_misses_nothing_and_does_nothing_too_early() {
    run_with_genesis("clock-ahead", now() - HOUR).await;
    print_row("all", "everything", "clock is an hour ahead", "done once, in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_behind_misses_nothing() {
    run_with_genesis("clock-behind", now() + HOUR).await;
    print_row("all", "everything", "clock is an hour behind", "done once, in time");
}
