//! Whoever loses power at any step, or what it stands on, does the rest afterwards and nothing twice.
//!
//! `cargo test -p cli --test it faults -- --nocapture` shows the table: who, step, fault, outcome.

mod client;
mod clocks;
mod crew;
mod front;
mod nodes;
mod nonces;
mod outages;
mod tester;
mod worker;

use std::process::Command;

use muster_daemons::fault::{Deed, points};
use serde_json::Value;

use crate::harness::{Background, World, until};

/// How a row of the table ends where a transaction was cut off.
const ONCE: &str = "done once";

/// Shows a row of the table.
fn row(who: &str, step: &str, fault: &str, outcome: &str) {
    eprintln!("| {who:6} | {step:24} | {fault:24} | {outcome} |");
}

/// How many transactions an account has made.
async fn transactions(world: &World, name: &str) -> u64 {
    let credit = world.folder.json(&format!("credit dev:{name}"));
    sent_by(world, credit["account"].as_str().unwrap()).await
}

/// How many transactions the account at this address has made.
async fn sent_by(world: &World, account: &str) -> u64 {
    quantity(&world.ask("eth_getTransactionCount", [account, "latest"].into()).await)
}

/// A number as nodes write it.
fn quantity(answer: &Value) -> u64 {
    let digits = answer.as_str().unwrap().trim_start_matches("0x");
    u64::from_str_radix(digits, 16).unwrap()
}

/// Returns when a daemon says that it waits for this.
async fn waits_for(health: &str, what: &str) {
    let waits = format!("waits for {what}");
    until(async || says(health).await.starts_with(&waits)).await;
}

/// What a daemon says of itself.
async fn says(health: &str) -> String {
    reqwest::get(health).await.unwrap().text().await.unwrap()
}

/// A program that is killed at one point after the other, and where that was, with what it came to.
struct Victim<'a> {
    /// Its command, with more arguments.
    command: Box<dyn Fn(&str) -> Command + 'a>,
    /// Where it was killed, and how that ended.
    passed: Vec<(String, &'static str)>,
}

impl<'a> Victim<'a> {
    /// A program that nobody has killed yet.
    fn new(command: impl Fn(&str) -> Command + 'a) -> Self {
        Self { command: Box::new(command), passed: Vec::new() }
    }

    /// Starts it.
    fn start(&self, more: &str) -> Background {
        Background::spawn((self.command)(more))
    }

    /// Starts it, to end at a point as if the power had failed.
    fn faulty(&self, point: &str, more: &str) -> Background {
        let mut command = (self.command)(more);
        command.env(muster_daemons::fault::VARIABLE, point);
        Background::spawn(command)
    }

    /// Sees the end of a program that was started to end at a point.
    fn ends(&mut self, program: Background, point: &str, outcome: &'static str) {
        assert_eq!(program.ended(), None, "{point} was not passed");
        self.passed.push((point.to_owned(), outcome));
    }

    /// Is killed at a point, when it comes there.
    fn is_killed(&mut self, point: &str, more: &str, outcome: &'static str) {
        let program = self.faulty(point, more);
        self.ends(program, point, outcome);
    }

    /// Is killed at every stage of a transaction.
    fn does(&mut self, deed: &str, more: &str) {
        for stage in muster_daemons::fault::TRANSACTION {
            self.is_killed(&format!("{deed}/{stage}"), more, ONCE);
        }
    }

    /// Runs without a fault until it waits for this, and ends when it is told.
    async fn rests(&self, what: &str, more: &str) {
        let mut daemon = self.start(more);
        waits_for(&daemon.health(), what).await;
        assert_eq!(daemon.terminate(), Some(0));
    }
}

/// Sees that the stories of a daemon have killed it at all its points, and shows these rows of the table.
fn all_were_passed(who: &str, deeds: &[Deed], passed: &[(String, &str)]) {
    let mut there: Vec<_> = passed.iter().map(|(point, _)| point.clone()).collect();
    let mut all: Vec<_> = points(deeds).collect();
    there.sort_unstable();
    all.sort_unstable();
    assert_eq!(there, all);
    for (point, outcome) in passed {
        row(who, point, "loses power, comes back", outcome);
    }
}
