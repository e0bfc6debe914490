//! A worker that is killed at each of its fail points: around its place in the book, and in agreements.

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::setAvailableCall;
use muster_client::{Application, Market, Offer, ServiceReceipt, message_key};
use muster_daemons::worker::FAILPOINTS;
use muster_relay::{Relay, RelayConfig};
use serde_json::json;

use super::tester::other_key;
use super::{DONE_ONCE, FaultRunner, assert_all_failpoints_reached, transactions};
use crate::application::serve;
use crate::harness::{TestMarket, until};
use crate::worker::{ask, endpoint, get, key_of, request_endpoint, worker};

/// Wei of one ether.
const ETHER: u128 = 1_000_000_000_000_000_000;

/// Fills the book with workers that are cheaper than ada, and gets ada out of it: a call with a bad hint walks over at
/// most sixteen entries.
async fn fill_book(test_market: &TestMarket) {
    let ada = test_market.folder.json("credit dev:ada")["account"].as_str().unwrap().to_owned();
    let market = test_market.folder.json("market show")["dispatcher"].as_str().unwrap().to_owned();
    let dispatcher: Address = market.parse().unwrap();
    for price in 1..=17_u128 {
        let signer = PrivateKeySigner::from_bytes(&keccak256(format!("crowd {price}"))).unwrap();
        test_market
            .chain
            .set_balance(signer.address(), (2 * ETHER).try_into().unwrap())
            .await
            .unwrap();
        let (url, key) = (test_market.chain.url(), message_key(&signer));
        let market = Market::connect(&url, signer, dispatcher).await.unwrap();
        let offer = Offer { price, max_length: 1_200, promise: 9_000, capacity: 1 };
        market.register(Application::default(), &offer, key, ETHER).await.unwrap();
    }
    for (available, hint) in [(false, 0), (true, 0)] {
        let data = alloy::hex::encode_prefixed(setAvailableCall { available, hint }.abi_encode());
        let sent = json!([{"from": ada, "to": market, "data": data}]);
        test_market.rpc("eth_sendUnsignedTransaction", sent).await;
    }
    assert_eq!(test_market.folder.json("worker show dev:ada")["listed"], false);
}

/// Kills the worker in each operation for its place in the book and for the market's programs.
async fn kill_while_listing() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::with_long_windows("faults-place").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let service = serve("hello").await;
    let run = format!(
        "worker run --account dev:ada --upstream {service} --state ada.db --withdraw-at 1eth --relay {}",
        relay.url()
    );
    let mut ada = FaultRunner::new(|more| folder.command(&format!("{run} {more}")));
    let (cheap, dear) = ("--price 1000gwei", "--price 2000gwei --top-up --return");
    folder.json(&format!("worker key {} --account dev:ada", other_key()));
    ada.kill_at_every_stage("key", cheap);
    ada.kill_at_every_stage("update", dear);
    ada.kill_at_every_stage("stake", dear);
    folder.json("worker available no --account dev:ada");
    ada.kill_at_every_stage("available", dear);
    ada.run_until_waiting_for("somebody to buy", dear).await;
    let known = folder.json("worker show dev:ada");
    assert_eq!((&known["listed"], &known["price"]), (&true.into(), &"2000000000000".into()));

    fill_book(&test_market).await;
    ada.kill_at_every_stage("list", dear);
    ada.run_until_waiting_for("somebody to buy", dear).await;
    assert_eq!(folder.json("worker show dev:ada")["listed"], true);

    test_market.advance_time(300 * 24 * 60 * 60).await;
    ada.kill_at_every_stage("keepalive", dear);
    ada.run_until_waiting_for("somebody to buy", dear).await;
    // Register, key twice, update, stake, available four times, list, both programs
    assert_eq!(transactions(&test_market, "ada").await, 12);
    ada.reached
}

/// Kills the worker while it answers messages and requests, which are then repeated.
async fn kill_while_serving(
    ada: &mut FaultRunner<'_>,
    test_market: &TestMarket,
    relay: &Relay,
    agreement: Address,
) {
    let key = key_of(&test_market.folder, "ada");
    for point in ["message/received", "admission/stored", "message/prepared", "message/sent"] {
        let mut daemon = ada.start_with_failpoint(point, "");
        daemon.ready();
        request_endpoint(&relay.url(), agreement, key).await;
        ada.expect_killed(daemon, point, "a repeated request is answered");
    }
    let mut daemon = ada.start("");
    daemon.ready();
    let (_, token) = endpoint(&relay.url(), agreement, key).await;
    assert_eq!(daemon.terminate(), Some(0));
    for point in ["session/pending", "session/stored"] {
        let mut daemon = ada.start_with_failpoint(point, "");
        let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
        until(async || ask(&url, &token).await.is_err()).await;
        ada.expect_killed(daemon, point, "the next response has the receipt");
    }
    let mut daemon = ada.start("");
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    let mut receipt = String::new();
    until(async || {
        (_, receipt) = get(&format!("{url}/factor?n=15"), &token).await;
        !receipt.is_empty()
    })
    .await;
    let receipt: ServiceReceipt = receipt.parse().unwrap();
    assert!(receipt.window == 0 && receipt.parts != 0, "{receipt}");
    assert_eq!(daemon.terminate(), Some(0));
}

/// Kills the worker in each operation from its registration to its pay.
async fn kill_while_working() -> Vec<(String, &'static str)> {
    let test_market = TestMarket::with_long_windows("faults-life").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let url = relay.url();
    let mut ada = FaultRunner::new(|more| {
        let mut command = worker(folder, &url);
        command.args(["--capacity", "1", "--release-slots"]);
        command.args(more.split_whitespace());
        command
    });
    ada.kill_at_every_stage("register", "");
    let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    ada.kill_at_every_stage("accept", "");
    kill_while_serving(&mut ada, &test_market, &relay, agreement.parse().unwrap()).await;
    test_market.advance_time(1_200).await;
    ada.kill_at_every_stage("release", "");
    test_market.advance_time(800).await;
    ada.kill_at_every_stage("settle", "");
    ada.kill_at_every_stage("withdraw", "");
    assert_eq!(folder.json("credit dev:ada")["credit"], "0");
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["state"], "settled");
    assert_eq!(transactions(&test_market, "ada").await, 5, "each operation was {DONE_ONCE}");
    ada.reached
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_at_every_step_does_nothing_twice() {
    let (serving, computing) =
        (super::services::kill_worker().await, super::jobs::kill_worker().await);
    let working = [kill_while_listing().await, kill_while_working().await];
    let passed = [working.concat(), serving, computing].concat();
    assert_all_failpoints_reached("worker", FAILPOINTS, &passed);
}
