//! `muster index` as a process: what it says is what the chain says.

use alloy::primitives::{Address, keccak256};
use muster_client::Market;
use muster_index::database::SqliteDatabase;
use muster_index::{Index, query};
use serde_json::{Value, json};

use self::expected::{agreement, assert_agrees, assert_lists, assert_statement};
use crate::harness::{BackgroundProcess, TestMarket, until};

mod expected;

/// A market with two workers and three testers.
pub(crate) async fn market(name: &str) -> TestMarket {
    let test_market = TestMarket::with_long_windows(name).await;
    test_market.fund_accounts(&["ada", "ben", "cleo"]);
    test_market.folder.json("fund dev:cleo 2eth");
    for (worker, price) in [("ada", "1gwei"), ("ben", "2gwei")] {
        let offer = format!("--price {price} --capacity 2 --stake 0.5eth");
        test_market.folder.json(&format!("worker register --account dev:{worker} {offer}"));
    }
    test_market.join_testers(&["tom", "una", "vic"]);
    test_market
}

/// The address of a dev account.
pub(crate) fn address(test_market: &TestMarket, name: &str) -> Address {
    let shown = test_market.folder.json(&format!("key show --account dev:{name}"));
    shown["account"].as_str().unwrap().parse().unwrap()
}

/// The market's contract.
fn dispatcher(test_market: &TestMarket) -> Address {
    test_market.folder.json("market show")["dispatcher"].as_str().unwrap().parse().unwrap()
}

/// The market on its chain.
pub(crate) async fn connect(test_market: &TestMarket) -> Market {
    let (url, dispatcher) = (test_market.chain.url(), dispatcher(test_market));
    Market::connect(&url, None, dispatcher).await.unwrap()
}

/// The index of a running process, to read.
pub(crate) fn reader(test_market: &TestMarket, ready: &Value) -> Index {
    let path = test_market.folder.file(ready["database"].as_str().unwrap());
    Index::new(SqliteDatabase::open_reader(&path).unwrap())
}

/// Waits until the only market is indexed up to the latest block of the chain.
pub(crate) async fn caught_up(index: &Index, market: &Market) {
    until(async || {
        let head = market.node().head().await.unwrap();
        let status = index.read(|transaction| query::status(transaction)).unwrap();
        status.iter().all(|market| market.head_hash.map(|hash| hash.0) == Some(head.hash))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_says_what_the_chain_says_through_a_market_s_life_and_a_reorg() {
    let test_market = market("index").await;
    let folder = &test_market.folder;
    let names = ["ada", "ben", "cleo", "tom", "una", "vic", "nobody"];
    let accounts = names.map(|name| address(&test_market, name));
    let market = connect(&test_market).await;

    let mut process = BackgroundProcess::start(folder, "index");
    let ready = process.ready();
    let index = reader(&test_market, &ready);
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;

    // One worker is absent from the first agreement and resigns from the second; the third is cancelled.
    let buy = |options: &str| {
        let bought = folder.json(&format!("client buy {options} --account dev:cleo"));
        bought["agreement"].as_str().unwrap().to_owned()
    };
    let order = "--length 1200 --windows 1 --testers 3";
    let first = buy(&format!("--redundancy 2 {order}"));
    let second = buy(order);
    let third = buy("--length 4800 --windows 4");
    for (worker, agreement) in [("ada", &first), ("ada", &second), ("ben", &third)] {
        folder.json(&format!("worker accept {agreement} --account dev:{worker}"));
    }
    folder.json(&format!("worker resign {second} --account dev:ada"));
    folder.json(&format!("client cancel {third} --account dev:cleo"));
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;
    for address in [&first, &second, &third] {
        agreement(&index, &market, address).await;
    }
    test_market.advance_time(301).await;
    folder.json(&format!("release {first}"));
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;

    // It continues where it was when it is started again.
    assert_eq!(process.terminate(), Some(0));
    test_market.advance_time(1_200).await;
    folder.json(&format!("tester report {first} --account dev:tom --entry 0:0:3"));
    test_market.advance_time(600).await;
    let mut process = BackgroundProcess::start(folder, "index");
    process.ready();
    let taken = folder.refused("index");
    assert!(taken.contains("another index writes the database"), "{taken}");
    caught_up(&index, &market).await;
    let mut expected = Vec::new();
    for address in [&first, &second] {
        let due = agreement(&index, &market, address).await;
        assert!(
            due.calls.iter().any(|call| call.call == "settle" && call.anyone),
            "{:?}",
            due.calls
        );
        expected.push(due.payments);
        folder.json(&format!("settle {address}"));
    }
    folder.json("worker unstake 0.1eth --account dev:ada");
    folder.json("withdraw --account dev:cleo");
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;

    for (address, expected) in [&first, &second].into_iter().zip(expected) {
        let settled = agreement(&index, &market, address).await;
        assert!(!expected.is_empty());
        for payment in expected {
            assert!(settled.payments.contains(&payment), "{payment:?}: {:?}", settled.payments);
        }
    }
    agreement(&index, &market, &third).await;
    let events = folder.run("history --json").stdout.lines().count();
    assert_lists(&index, [accounts[0], accounts[1], accounts[2]], events);
    assert_statement(&test_market, &index, accounts[2]);

    // What happened after the snapshot is undone, and something else happens instead.
    let snapshot = test_market.rpc("evm_snapshot", json!([])).await;
    folder.json("fund dev:nobody 1eth");
    folder.json("worker register --account dev:nobody --price 3gwei --stake 0.5eth");
    folder.json("worker price 5gwei --account dev:ada");
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;
    test_market.rpc("evm_revert", json!([snapshot])).await;
    folder.json("worker price 7gwei --account dev:ada");
    caught_up(&index, &market).await;
    assert_agrees(&index, &market, &accounts).await;

    let history = folder.run("history --json").stdout;
    let status = index.read(|transaction| query::status(transaction)).unwrap();
    assert_eq!(status[0].events, u64::try_from(history.lines().count()).unwrap());
    assert_eq!(process.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_contracts_that_the_market_did_not_create_do_not_count() {
    let test_market = TestMarket::new("index-forged").await;
    let market = connect(&test_market).await;
    // A contract that emits Closed(Settled) whenever it gets ether.
    let topic = keccak256("Closed(uint8)");
    let code = format!("0x60046000527f{}60206000a100", topic.to_string().trim_start_matches("0x"));
    let forger = Address::repeat_byte(0x77);
    test_market.rpc("anvil_setCode", json!([forger, code])).await;
    test_market.folder.json(&format!("fund {forger} 1gwei"));
    let block = market.node().head().await.unwrap().number;
    let filter = json!([{"fromBlock": "0x0", "toBlock": "latest", "address": forger}]);
    let logs = test_market.rpc("eth_getLogs", filter).await;
    assert_eq!(logs.as_array().map(Vec::len), Some(1), "the forged event is on the chain: {logs}");

    let mut process = BackgroundProcess::start(&test_market.folder, "index");
    let ready = process.ready();
    let index = reader(&test_market, &ready);
    caught_up(&index, &market).await;
    let status = index.read(|transaction| query::status(transaction)).unwrap();
    assert_eq!((status[0].head, status[0].events), (Some(block), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_chain_that_was_started_anew_is_refused() {
    let [one, other] = [TestMarket::new("index-one").await, TestMarket::new("index-other").await];
    other.advance_time(5).await;
    let path = one.folder.file("shared.db").display().to_string();
    let mut process = BackgroundProcess::start(&one.folder, &format!("index --database {path}"));
    process.ready();
    assert_eq!(process.terminate(), Some(0));
    assert_eq!(dispatcher(&one), dispatcher(&other), "the address alone does not tell them apart");
    let refused = other.folder.refused(&format!("index --database {path}"));
    assert!(refused.contains("the chain was started anew"), "{refused}");
}
