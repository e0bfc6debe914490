//! Daemons whose transactions a reorg of several blocks takes back: they send them again.

use muster_relay::{Relay, RelayConfig};
use serde_json::json;

use super::outages::{buy, start_refund};
use super::{print_row, transactions, until_waiting_for};
use crate::harness::{BackgroundProcess, TestMarket, until};
use crate::worker::{is_listed, worker};

/// Replaces the last blocks by empty ones: two that are empty already, and `with_transactions` before them.
async fn reorg(test_market: &TestMarket, with_transactions: u64) {
    test_market.rpc("anvil_mine", json!([2])).await;
    test_market.rpc("anvil_reorg", json!([with_transactions + 2, []])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_accepts_settles_and_withdraws_again() {
    let test_market = TestMarket::with_long_windows("reorg-worker").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let mut command = worker(folder, &relay.url());
    command.args(["--withdraw-at", "1wei"]);
    let mut daemon = BackgroundProcess::spawn(command);
    let health = daemon.health();
    is_listed(folder, "ada").await;
    let agreement = buy(folder);
    let show = || folder.json(&format!("agreement show {agreement}"));
    until_waiting_for(&health, "the end of 0x").await;
    reorg(&test_market, 1).await;
    assert_eq!(show()["state"], "offered");
    until(async || show()["state"] == "running").await;
    until_waiting_for(&health, "the end of 0x").await;

    test_market.advance_time(2_000).await;
    let is_paid =
        async || show()["state"] == "settled" && folder.json("credit dev:ada")["credit"] == "0";
    until(is_paid).await;
    until_waiting_for(&health, "somebody to buy").await;
    // Settled and withdrawn.
    reorg(&test_market, 2).await;
    assert_ne!(show()["state"], "settled");
    until(is_paid).await;
    assert_eq!(daemon.terminate(), Some(0));
    // Register, accept, settle, withdraw
    assert_eq!(transactions(&test_market, "ada").await, 4);
    print_row("worker", "accept, settle, withdraw", "reorg of several blocks", "does them again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_settles_again() {
    let test_market = TestMarket::with_long_windows("reorg-client").await;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    let (agreement, daemon, health) = start_refund(&test_market, &relay).await;
    let folder = &test_market.folder;
    test_market.advance_time(700).await;
    let is_refunded = async || {
        folder.json(&format!("agreement show {agreement}"))["state"] == "void"
            && folder.json("credit dev:cleo")["credit"] == "0"
    };
    until(is_refunded).await;
    until_waiting_for(&health, "agreements").await;
    reorg(&test_market, 2).await;
    assert!(!is_refunded().await);
    until(is_refunded).await;
    assert_eq!(daemon.terminate(), Some(0));
    // Buy, settle, withdraw
    assert_eq!(transactions(&test_market, "cleo").await, 3);
    print_row("client", "settle, withdraw", "reorg of several blocks", "does them again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tester_joins_and_checks_in_again() {
    let test_market = TestMarket::with_long_windows("reorg-tester").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["tom"]);
    let run = format!("tester run --account dev:tom --check factor --relay {}", relay.url());
    let mut daemon = BackgroundProcess::start(folder, &run);
    let health = daemon.health();
    until_waiting_for(&health, "epoch").await;
    until(async || transactions(&test_market, "tom").await == 2).await;
    reorg(&test_market, 2).await;
    assert_eq!(transactions(&test_market, "tom").await, 0);
    until(async || transactions(&test_market, "tom").await == 2).await;
    assert_eq!(daemon.terminate(), Some(0));
    print_row("tester", "join, check in", "reorg of several blocks", "does them again");
}
