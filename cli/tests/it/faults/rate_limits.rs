//! Daemons and commands on a node that answers five requests a second.

use std::collections::BTreeMap;

use muster_node_proxy::{Behavior, NodeProxy, Words};
use muster_relay::{Relay, RelayConfig};
use serde_json::json;
use tokio::time::Instant;

use super::{print_row, quantity};
use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};
use crate::worker::is_listed;

/// Requests that the node answers in a second.
const RATE: u32 = 5;

/// A market with a minute to accept.
const MINUTE: &str = "--accept-window 60 --report-window 600 --min-window 600 --min-length 1200";

/// A node that answers so many requests a second, in front of a market's.
async fn limited_node(test_market: &TestMarket, words: Words) -> NodeProxy {
    let behavior = Behavior::PerSecond(RATE, words);
    NodeProxy::start_with(&test_market.chain.url(), behavior).await.unwrap()
}

/// The worker with this node, at the pace that the market has by itself.
fn start_worker(folder: &TestFolder, node: &NodeProxy, relay: &Relay) -> BackgroundProcess {
    let (url, relay) = (&node.url, relay.url());
    let mut command = folder.command(&format!(
        "worker run --account dev:ada --price 20gwei --state ada.db --rpc {url} --relay {relay} --upstream {url}"
    ));
    command.env_remove("MUSTER_INTERVAL");
    BackgroundProcess::spawn(command)
}

/// Buys from the worker, through the node without a limit.
fn buy(folder: &TestFolder) -> String {
    let order = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy --account dev:cleo {order}"));
    bought["agreement"].as_str().unwrap().to_owned()
}

/// All requests.
fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_accepts_with_few_requests_in_the_words_of_every_provider() {
    let test_market = TestMarket::with_options("rate-limit", MINUTE).await;
    test_market.fund_accounts(&["ada", "cleo"]);
    let folder = &test_market.folder;
    let relay = Relay::start(RelayConfig::default()).await.unwrap();
    for words in [Words::Status, Words::Header(1), Words::Data, Words::Code, Words::Text] {
        let node = limited_node(&test_market, words).await;
        let mut worker = start_worker(folder, &node, &relay);
        worker.ready();
        is_listed(folder, "ada").await;
        drop(node.take_counts());
        let agreement = buy(folder);
        let latest = test_market.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
        let bought = quantity(&latest["timestamp"]);
        let show = format!("agreement show {agreement}");
        until(async || folder.json(&show)["workers"][0]["accepted"] == true).await;
        // At five requests a second, 35 are seven seconds, and a step begins after three at most. On a slow machine more are made
        // before this process looks.
        let (made, start) = (node.take_counts(), folder.json(&show)["start"].as_u64().unwrap());
        assert!(total(&made) <= 35 || start - bought <= 10, "{made:?}, {} s", start - bought);
        print_row("worker", "accept", "5 requests a second", "accepts in 10 s of 60");
        assert_eq!(worker.terminate(), Some(0));
        test_market.advance_time(3_000).await;
        folder.json(&format!("settle {agreement} --account dev:cleo"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_worker_asks_less_than_once_a_second() {
    let test_market = TestMarket::with_options("rate-idle", MINUTE).await;
    test_market.fund_accounts(&["ada"]);
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    let node = NodeProxy::start(&test_market.chain.url()).await.unwrap();
    let mut worker = start_worker(folder, &node, &relay);
    worker.ready();
    is_listed(folder, "ada").await;
    node.change_behavior(Behavior::Healthy);
    drop(node.take_counts());
    let begun = Instant::now();
    // Every step finds another block.
    let blocks = async {
        loop {
            test_market.chain.mine().await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(250)).await;
        }
    };
    tokio::select! {
        () = node.until_requested(20) => {}
        () = blocks => {}
    }
    let seconds = begun.elapsed().as_secs();
    assert!(seconds >= 20, "20 requests in {seconds} s: {:?}", node.take_counts());
    assert_eq!(worker.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_daemons_start_at_five_requests_a_second() {
    let test_market = TestMarket::with_options("rate-start", MINUTE).await;
    test_market.fund_accounts(&["ada", "cleo", "tom"]);
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    let node = limited_node(&test_market, Words::Status).await;
    let more = format!("--rpc {} --relay {}", node.url, relay.url());
    let starts = [
        start_worker(folder, &node, &relay),
        BackgroundProcess::start(folder, &format!("client run --account dev:cleo {more}")),
        BackgroundProcess::start(
            folder,
            &format!("tester run --account dev:tom --check factor {more}"),
        ),
    ];
    let mut daemons = Vec::new();
    for mut daemon in starts {
        daemon.ready();
        daemons.push(daemon);
    }
    is_listed(folder, "ada").await;
    let agreement = buy(folder);
    // The daemons use the same node at the same time.
    for command in [
        "market show",
        "worker list",
        "agreement list",
        "config",
        "history",
        "credit dev:ada",
        &format!("agreement show {agreement}"),
        "worker price 21gwei --account dev:ada",
    ] {
        let shown = folder.run(&format!("{command} --rpc {}", node.url));
        assert_eq!(shown.code, 0, "{command}: {}", shown.stderr);
    }
    for daemon in daemons {
        assert_eq!(daemon.terminate(), Some(0));
    }
}
