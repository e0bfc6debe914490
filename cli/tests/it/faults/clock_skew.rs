//! Machines whose clock differs from the chain's.

use stylus_devnode::Config;

use super::print_row;
use super::test_daemons::{NoFaults, run_on_chain};
use crate::harness::{epoch_end, now};

/// An offset that is much longer than all deadlines, and longer than the run.
const HOUR: u64 = 3_600;

/// Runs all daemons on a chain that starts at one of these times: the first that is not within the last hour of an epoch.
async fn run_with_genesis(name: &str, times: [u64; 2]) {
    let genesis = times.into_iter().find(|time| epoch_end(*time) - time > HOUR);
    let config = Config { genesis, ..Config::any_port() };
    run_on_chain(name, config, &mut NoFaults).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_ahead_misses_nothing_and_does_nothing_too_early() {
    run_with_genesis("clock-ahead", [now() - HOUR, now() - 2 * HOUR]).await;
    print_row("all", "everything", "clock is an hour or two ahead", "done once, in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_is_an_hour_behind_misses_nothing() {
    run_with_genesis("clock-behind", [now() + HOUR, now() + 2 * HOUR]).await;
    print_row("all", "everything", "clock is an hour or two behind", "done once, in time");
}
