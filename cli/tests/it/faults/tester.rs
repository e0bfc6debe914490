//! A tester that is killed at each of its fail points.

use alloy::primitives::keccak256;
use alloy::signers::local::PrivateKeySigner;
use muster_daemons::tester::FAILPOINTS;
use muster_messaging::MessageKey;
use muster_relay::{Relay, RelayConfig};

use super::{FaultRunner, assert_all_failpoints_reached, transactions, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket};
use crate::worker::{is_listed, worker};

/// Three weeks, after which no list contains an account of today.
const WEEKS: u64 = 21 * 24 * 60 * 60;

/// A message key that is not the account's own.
pub(super) fn other_key() -> String {
    let signer = PrivateKeySigner::from_bytes(&keccak256("muster dev account una")).unwrap();
    MessageKey::from_signer(&signer).unwrap().public().to_string()
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
    let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 3";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    tom.kill_at("session/stored", "", "one session");
    // So late in the window that a look is made at once, and so early that it still counts.
    test_market.advance_time(1060).await;
    tom.kill_at("observation/pending", "", "looks again, reports it once");
    tom.kill_at("observation/stored", "", "reports it once");
    assert_eq!(ada.terminate(), Some(0));
    test_market.advance_time(140).await;
    tom.kill_at_every_stage("report", "");
    test_market.advance_time(600).await;
    kill_while_settling(&mut tom, &test_market).await;
    tom.kill_at_every_stage("withdraw", "");
    let shown = folder.json(&format!("agreement show {agreement}"));
    assert_eq!(shown["state"], "settled");
    assert_eq!(folder.json("credit dev:tom")["credit"], "0");

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
    // Join, check-in, key twice, report, settle, withdraw, unstake by hand, withdraw, bond, check-in, unstake, withdraw
    assert_eq!(transactions(&test_market, "tom").await, 13);
    assert_all_failpoints_reached("tester", FAILPOINTS, &tom.reached);
}
