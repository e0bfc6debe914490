//! Daemons that crash at any step, or lose a node or a relay, do the rest afterwards and nothing twice.
//!
//! `cargo test -p muster-cli --features failpoints --test it faults -- --nocapture` shows the table: who, step, fault, outcome.

#![expect(
    clippy::arithmetic_side_effects,
    reason = "a test fails where something unexpected happens"
)]

mod client;
mod clock_skew;
mod full_disk;
mod jobs;
mod local_api;
mod node_kinds;
mod nodes;
mod nonces;
mod outages;
mod rate_limits;
mod real_fees;
mod reorgs;
mod services;
mod test_daemons;
mod tester;
mod worker;

use std::process::Command;

use muster_daemons::{FAILPOINT_VAR, FailPoint, TX_STAGES, failpoint_names};
use serde_json::Value;

use crate::harness::{BackgroundProcess, TestMarket, until};

/// The outcome of a row whose fault interrupts a transaction.
const DONE_ONCE: &str = "done once";

/// Prints a row of the table.
fn print_row(who: &str, step: &str, fault: &str, outcome: &str) {
    eprintln!("| {who:6} | {step:24} | {fault:24} | {outcome} |");
}

/// The number of an account's transactions.
async fn transactions(test_market: &TestMarket, name: &str) -> u64 {
    let credit = test_market.folder.json(&format!("credit dev:{name}"));
    sent_by(test_market, credit["account"].as_str().unwrap()).await
}

/// The number of transactions of the account at this address.
async fn sent_by(test_market: &TestMarket, account: &str) -> u64 {
    quantity(&test_market.rpc("eth_getTransactionCount", [account, "latest"].into()).await)
}

/// A hexadecimal number of JSON-RPC.
fn quantity(answer: &Value) -> u64 {
    let digits = answer.as_str().unwrap().trim_start_matches("0x");
    u64::from_str_radix(digits, 16).unwrap()
}

/// Returns when a daemon's health says that it waits for this.
async fn until_waiting_for(health: &str, what: &str) {
    let waits = format!("waits for {what}");
    until(async || health_text(health).await.starts_with(&waits)).await;
}

/// The text of a daemon's health.
async fn health_text(health: &str) -> String {
    reqwest::get(health).await.unwrap().text().await.unwrap()
}

/// The metrics of a daemon.
async fn metrics(health: &str) -> String {
    health_text(&health.replace("/health", "/metrics")).await
}

/// A daemon's counter of steps.
async fn step_count(health: &str, counter: &str) -> usize {
    let metrics = metrics(health).await;
    let line = metrics.lines().find_map(|line| line.strip_prefix(counter)?.strip_prefix(' '));
    line.map_or(0, |count| count.parse().unwrap())
}

/// Returns when a daemon has noticed that the clock was advanced, so that a tester begins the probes that are due. The step
/// under way may have read the clock before.
async fn until_clock_noticed(health: &str) {
    let steps = async || step_count(health, "muster_steps_total").await;
    let goal = steps().await + 2;
    until(async || steps().await >= goal).await;
}

/// A program that is killed at one fail point after the other, and the outcome of each.
struct FaultRunner<'a> {
    /// Its command, with these further arguments.
    command: Box<dyn Fn(&str) -> Command + 'a>,
    /// Fail points where it was killed, and the outcomes.
    reached: Vec<(String, &'static str)>,
}

impl<'a> FaultRunner<'a> {
    /// A program that was not killed yet.
    fn new(command: impl Fn(&str) -> Command + 'a) -> Self {
        Self { command: Box::new(command), reached: Vec::new() }
    }

    /// Starts it.
    fn start(&self, more: &str) -> BackgroundProcess {
        BackgroundProcess::spawn((self.command)(more))
    }

    /// Starts it, to be killed at a fail point.
    fn start_with_failpoint(&self, point: &str, more: &str) -> BackgroundProcess {
        let mut command = (self.command)(more);
        command.env(FAILPOINT_VAR, point);
        BackgroundProcess::spawn(command)
    }

    /// Waits for the end of a program that was started to be killed at a fail point.
    fn expect_killed(&mut self, program: BackgroundProcess, point: &str, outcome: &'static str) {
        assert_eq!(program.wait(), None, "{point} was not passed");
        self.reached.push((point.to_owned(), outcome));
    }

    /// Starts the program and waits until it is killed at a fail point.
    fn kill_at(&mut self, point: &str, more: &str, outcome: &'static str) {
        let program = self.start_with_failpoint(point, more);
        self.expect_killed(program, point, outcome);
    }

    /// [`Self::kill_at`] every stage of a transaction.
    fn kill_at_every_stage(&mut self, operation: &str, more: &str) {
        for stage in TX_STAGES {
            self.kill_at(&format!("{operation}/{stage}"), more, DONE_ONCE);
        }
    }

    /// Runs it without a fault until it waits for this, and ends it with SIGTERM.
    async fn run_until_waiting_for(&self, what: &str, more: &str) {
        let mut daemon = self.start(more);
        until_waiting_for(&daemon.health(), what).await;
        assert_eq!(daemon.terminate(), Some(0));
    }
}

/// Asserts that a daemon was killed at all its fail points, and prints their rows of the table.
fn assert_all_failpoints_reached(who: &str, failpoints: &[FailPoint], reached: &[(String, &str)]) {
    let mut there: Vec<_> = reached.iter().map(|(point, _)| point.clone()).collect();
    let mut all: Vec<_> = failpoint_names(failpoints).collect();
    there.sort_unstable();
    all.sort_unstable();
    assert_eq!(there, all);
    for (point, outcome) in reached {
        print_row(who, point, "killed and restarted", outcome);
    }
}
