//! A tester that is killed at each of its fail points.

use std::sync::Arc;

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Market, PostedReport, Session, failed_entry};
use muster_daemons::tester::{FAILPOINTS, collectors};
use muster_messaging::{Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, RelayPool};
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::CHAIN_ID;
use tokio::task::spawn_blocking;
use tokio::time::{Duration, sleep};

use super::{
    FaultRunner, assert_all_failpoints_reached, transactions, until_clock_noticed,
    until_waiting_for,
};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::{is_listed, worker};

/// Four weeks, after which no list contains an account of today, and no agreement draws from one that did.
const WEEKS: u64 = 28 * 24 * 60 * 60;

/// The length of an agreement of two windows; a longer one has four at least.
const LENGTH: u64 = 2_398;

/// So small a step that a tester makes each probe, even if it misses one step: a probe may be late by a 32nd of a
/// window.
const STEP: u64 = 17;

/// So small a step that a tester that has noticed it makes each probe.
const NOTICED_STEP: u64 = 28;

/// The time to report.
const REPORT_WINDOW: u64 = 600;

/// The key of a dev account.
fn signer(name: &str) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&keccak256(format!("muster dev account {name}"))).unwrap()
}

/// The key for messages of a dev account.
fn message_key(name: &str) -> MessageKey {
    MessageKey::from_signer(&signer(name)).unwrap()
}

/// A message key that is not the account's own.
pub(super) fn other_key() -> String {
    message_key("una").public().to_string()
}

/// An agreement that tom tests.
struct Tested<'a> {
    /// The chain and the folder.
    test_market: &'a TestMarket,
    /// The agreement.
    agreement: Agreement,
    /// The tick in which its last window ends.
    end: u64,
}

impl<'a> Tested<'a> {
    /// Buys until tom is one of the two testers that post the reports of all. He does not run meanwhile, so that the
    /// other agreements cost him nothing.
    async fn buy(test_market: &'a TestMarket) -> Self {
        let folder = &test_market.folder;
        let dispatcher =
            folder.json("market show")["dispatcher"].as_str().unwrap().parse().unwrap();
        let market = Market::connect(&test_market.chain.url(), None, dispatcher).await.unwrap();
        let order = format!("--redundancy 1 --length {LENGTH} --windows 2 --testers 3");
        loop {
            is_listed(folder, "ada").await;
            let bought = folder.json(&format!("client buy {order} --account dev:cleo"));
            let address = bought["agreement"].as_str().unwrap();
            folder.json(&format!("agreement wait {address} --state running"));
            let agreement = market.agreement(address.parse().unwrap()).await.unwrap();
            let place = agreement.place(signer("tom").address()).await.unwrap();
            let progress = agreement.progress().await.unwrap();
            if collectors(&progress.seed, vec![0, 1, 2]).contains(&place) {
                let end = agreement.times(&progress).end();
                return Self { test_market, agreement, end };
            }
            test_market.advance_time(LENGTH + REPORT_WINDOW).await;
            folder.json(&format!("agreement wait {address} --state settled"));
        }
    }

    /// The current tick.
    async fn now(&self) -> u64 {
        self.agreement.market().now().await.unwrap()
    }

    /// Advances the clock to so many ticks after the end of the last window.
    async fn advance_beyond_end(&self, ticks: u64) {
        let missing = (self.end + ticks).checked_sub(self.now().await).unwrap();
        self.test_market.advance_time(missing).await;
    }

    /// Advances the clock step by step until the tester is killed.
    async fn step_until_killed(
        &self,
        tom: &mut FaultRunner<'_>,
        point: &str,
        outcome: &'static str,
    ) {
        let mut daemon = tom.start_with_failpoint(point, "");
        daemon.ready();
        let ended = spawn_blocking(|| daemon.wait());
        while !ended.is_finished() {
            assert!(self.now().await < self.end, "{point} was not passed");
            self.test_market.advance_time(STEP).await;
            sleep(Duration::from_millis(400)).await;
        }
        assert_eq!(ended.await.unwrap(), None, "{point} was not passed");
        tom.reached.push((point.to_owned(), outcome));
    }

    /// Sends una's report to tom: that the worker has served none of her probes.
    async fn send_report(&self, relay: &Relay) {
        let una = signer("una");
        let place = self.agreement.place(una.address()).await.unwrap();
        let (domain, entries) = (self.agreement.receipt_domain(), [failed_entry(0, 0, 3)]);
        let report = PostedReport::sign(&una, domain, place, &Session::random(), &entries);
        let PostedReport { place, salt, r, vs, entries } = report.unwrap();
        let content = Content::Report { place, salt, r, vs, entries };
        let message = Message::request(CHAIN_ID, self.agreement.address(), content);
        let relays = Arc::new(RelayPool::connect([relay.url()]).unwrap());
        let replay_guard = Arc::new(InMemoryReplayGuard::default());
        let mailbox = Mailbox::open(message_key("una"), relays, replay_guard).await.unwrap();
        mailbox.send(message_key("tom").public(), &message).await.unwrap();
    }

    /// Kills the tester while it posts una's report with its own. It makes all further probes before that.
    async fn kill_while_posting(
        &self,
        tom: &mut FaultRunner<'_>,
        relay: &Relay,
        point: &str,
        outcome: &'static str,
    ) {
        let mut daemon = tom.start_with_failpoint(point, "");
        let health = daemon.health();
        // A tester receives reports of the agreements that it knows.
        until_waiting_for(&health, "the end of window").await;
        self.send_report(relay).await;
        while self.now().await + NOTICED_STEP < self.end {
            self.test_market.advance_time(NOTICED_STEP).await;
            until_clock_noticed(&health).await;
        }
        self.advance_beyond_end(1).await;
        until_waiting_for(&health, "the settlement of").await;
        // The second collector posts after three eighths of the time.
        self.advance_beyond_end(REPORT_WINDOW * 3 / 8 + 1).await;
        tom.expect_killed(daemon, point, outcome);
    }
}

/// Kills the tester at every stage of the settlement, which it starts after a delay for others.
async fn kill_while_settling(tom: &mut FaultRunner<'_>, test_market: &TestMarket) {
    for stage in muster_daemons::TX_STAGES {
        let point = format!("settle/{stage}");
        let mut daemon = tom.start_with_failpoint(&point, "");
        if matches!(*stage, "signed" | "journaled") {
            until_waiting_for(&daemon.health(), "somebody to settle").await;
            test_market.advance_time(600).await;
        }
        tom.expect_killed(daemon, &point, super::DONE_ONCE);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_that_is_killed_at_every_step_does_nothing_twice() {
    let test_market = TestMarket::with_long_windows("faults-tester").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["tom", "ada", "cleo"]);
    test_market.join_testers(&["una", "vic"]);
    let url = relay.url();
    let run = format!(
        "tester run --account dev:tom --check factor --withdraw-at 1wei --state tom.db --relay {url}"
    );
    let mut tom = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    tom.kill_at_every_stage("join", "");
    tom.kill_at_every_stage("check-in", "");
    folder.json(&format!("worker key {} --account dev:tom", other_key()));
    tom.kill_at_every_stage("key", "");
    tom.run_until_waiting_for("epoch", "").await;

    let mut ada = BackgroundProcess::spawn(worker(folder, &url));
    ada.ready();
    is_listed(folder, "ada").await;
    let tested = Tested::buy(&test_market).await;
    tom.kill_at("session/stored", "", "one session");
    let run_cleo = format!("client run --account dev:cleo --state cleo.db --relay {url}");
    let mut cleo = BackgroundProcess::spawn(folder.command(&run_cleo));
    cleo.ready();
    let mut daemon = tom.start_with_failpoint("pass/stored", "");
    until_waiting_for(&daemon.health(), "the end of window 0").await;
    // Testers ask for passes in the first half of the time to accept.
    test_market.advance_time(150).await;
    tom.expect_killed(daemon, "pass/stored", "uses the pass");
    tested.step_until_killed(&mut tom, "probe/begun", "makes it not again").await;
    tested.step_until_killed(&mut tom, "observation/pending", "makes it not again").await;
    tested.step_until_killed(&mut tom, "observation/stored", "reports it once").await;
    let outcome = "reports alone";
    tested.kill_while_posting(&mut tom, &relay, "batch/signed", outcome).await;
    assert_eq!((ada.terminate(), cleo.terminate()), (Some(0), Some(0)));
    // Every tester whose report is missing reports alone before the last quarter of the time.
    tested.advance_beyond_end(REPORT_WINDOW * 3 / 4 + 1).await;
    tom.kill_at_every_stage("report", "");
    tested.advance_beyond_end(REPORT_WINDOW).await;
    kill_while_settling(&mut tom, &test_market).await;
    tom.kill_at_every_stage("withdraw", "");
    assert_eq!(tested.agreement.state().await.unwrap(), State::Settled);
    assert_eq!(tested.agreement.reports().await.unwrap().len(), 1);
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");
    tom.run_until_waiting_for("epoch", "").await;

    ada = BackgroundProcess::spawn(worker(folder, &url));
    ada.ready();
    let posted = Tested::buy(&test_market).await;
    posted.kill_while_posting(&mut tom, &relay, "batch/journaled", super::DONE_ONCE).await;
    assert_eq!(ada.terminate(), Some(0));
    tom.kill_at("batch/mined", "", super::DONE_ONCE);
    tom.kill_at("batch/recorded", "", super::DONE_ONCE);
    assert_eq!(posted.agreement.reports().await.unwrap().len(), 2);
    posted.advance_beyond_end(REPORT_WINDOW).await;
    folder.json(&format!("settle {} --account dev:cleo", posted.agreement.address()));
    assert_ne!(folder.json("credit dev:tom")["credit"], "0");
    let mut daemon = tom.start("");
    daemon.ready();
    until(async || folder.json("credit dev:tom")["credit"] == "0").await;
    assert_eq!(daemon.terminate(), Some(0));

    test_market.advance_time(WEEKS).await;
    folder.json("worker unstake 0.05eth --account dev:tom");
    tom.kill_at_every_stage("bond", "");
    tom.run_until_waiting_for("epoch", "").await;
    test_market.advance_time(WEEKS).await;
    tom.kill_at_every_stage("unstake", "--leave");
    let left = folder.run(&format!("{run} --leave"));
    assert_eq!(left.code, 0, "{}", left.stderr);
    assert_eq!(folder.json("worker show dev:tom")["stake"], "0");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");
    // Join, check-in, key twice; report, settle, withdraw; batch, withdraw; unstake by hand, withdraw; bond, check-in;
    // unstake, withdraw
    assert_eq!(transactions(&test_market, "tom").await, 15);
    assert_all_failpoints_reached("tester", FAILPOINTS, &tom.reached);
}
