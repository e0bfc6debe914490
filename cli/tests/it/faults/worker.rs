//! A worker that loses power at each of its steps: those for its place in the book, and those in agreements.

use alloy::primitives::{Address, keccak256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use muster_client::protocol::abi::IWorkerDispatcher::setAvailableCall;
use muster_client::{Application, Market, Offer, message_key};
use muster_daemons::worker::DEEDS;
use muster_relay::{Relay, RelayConfig};
use serde_json::json;

use super::tester::other_key;
use super::{ONCE, Victim, all_were_passed, transactions};
use crate::harness::{World, until};
use crate::worker::{ask, endpoint, get, key_of, request, worker};

/// Wei of one ether.
const ETHER: u128 = 1_000_000_000_000_000_000;

/// Fills the book with workers that are cheaper than ada, and has her left out: a call with a bad hint walks no
/// further than sixteen of them.
async fn crowd(world: &World) {
    let ada = world.folder.json("credit dev:ada")["account"].as_str().unwrap().to_owned();
    let market = world.folder.json("market show")["dispatcher"].as_str().unwrap().to_owned();
    let dispatcher: Address = market.parse().unwrap();
    for price in 1..=17_u128 {
        let signer = PrivateKeySigner::from_bytes(&keccak256(format!("crowd {price}"))).unwrap();
        world.chain.set_balance(signer.address(), (2 * ETHER).try_into().unwrap()).await.unwrap();
        let (url, key) = (world.chain.url(), message_key(&signer));
        let market = Market::connect(&url, signer, dispatcher).await.unwrap();
        let offer = Offer { price, max_length: 1_200, promise: 9_000, capacity: 1 };
        market.register(Application::default(), &offer, key, ETHER).await.unwrap();
    }
    for (available, hint) in [(false, 0), (true, 0)] {
        let data = alloy::hex::encode_prefixed(setAvailableCall { available, hint }.abi_encode());
        let sent = json!([{"from": ada, "to": market, "data": data}]);
        world.ask("eth_sendUnsignedTransaction", sent).await;
    }
    assert_eq!(world.folder.json("worker show dev:ada")["listed"], false);
}

/// Is killed in all that it does for its place in the book and for the programs.
async fn place() -> Vec<(String, &'static str)> {
    let world = World::slow("faults-place").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada"]);
    folder.json("worker register --account dev:ada --price 1000gwei");
    let run = format!(
        "worker run --account dev:ada --upstream http://127.0.0.1:9 --state ada.db --withdraw-at 1eth --relay {}",
        relay.url()
    );
    let mut ada = Victim::new(|more| folder.command(&format!("{run} {more}")));
    let (cheap, dear) = ("--price 1000gwei", "--price 2000gwei --top-up --return");
    folder.json(&format!("worker key {} --account dev:ada", other_key()));
    ada.does("key", cheap);
    ada.does("update", dear);
    ada.does("stake", dear);
    folder.json("worker available no --account dev:ada");
    ada.does("available", dear);
    ada.rests("somebody to buy", dear).await;
    let known = folder.json("worker show dev:ada");
    assert_eq!((&known["listed"], &known["price"]), (&true.into(), &"2000000000000".into()));

    crowd(&world).await;
    ada.does("list", dear);
    ada.rests("somebody to buy", dear).await;
    assert_eq!(folder.json("worker show dev:ada")["listed"], true);

    world.pass(300 * 24 * 60 * 60).await;
    ada.does("keepalive", dear);
    ada.rests("somebody to buy", dear).await;
    // Register, key twice, update, stake, available four times, list, both programs
    assert_eq!(transactions(&world, "ada").await, 12);
    ada.passed
}

/// Is killed while it answers letters and requests; whoever asks again gets everything.
async fn guests(ada: &mut Victim<'_>, world: &World, relay: &Relay, agreement: Address) {
    let key = key_of(&world.folder, "ada");
    for point in ["letter/decided", "admission/noted", "letter/remembered", "letter/noted"] {
        let mut daemon = ada.faulty(point, "");
        daemon.ready();
        request(&relay.url(), agreement, key).await;
        ada.ends(daemon, point, "who asks anew is answered");
    }
    let mut daemon = ada.start("");
    daemon.ready();
    let (_, token) = endpoint(&relay.url(), agreement, key).await;
    assert_eq!(daemon.terminate(), Some(0));
    for point in ["session/decided", "session/noted"] {
        let mut daemon = ada.faulty(point, "");
        let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
        until(async || ask(&url, &token).await.is_err()).await;
        ada.ends(daemon, point, "the next answer has the receipt");
    }
    let mut daemon = ada.start("");
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    let mut receipt = String::new();
    until(async || {
        (_, receipt) = get(&format!("{url}/factor?n=15"), &token).await;
        !receipt.is_empty()
    })
    .await;
    assert!(receipt.starts_with("0b1,0x"), "{receipt}");
    assert_eq!(daemon.terminate(), Some(0));
}

/// Is killed in all that it does from its registration to its pay.
async fn life() -> Vec<(String, &'static str)> {
    let world = World::slow("faults-life").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let url = relay.url();
    let mut ada = Victim::new(|more| {
        let mut command = worker(folder, &url);
        command.args(more.split_whitespace());
        command
    });
    ada.does("register", "");
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    ada.does("accept", "");
    guests(&mut ada, &world, &relay, agreement.parse().unwrap()).await;
    world.pass(2_000).await;
    ada.does("settle", "");
    ada.does("withdraw", "");
    assert_eq!(folder.json("credit dev:ada")["credit"], "0");
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["state"], "settled");
    assert_eq!(transactions(&world, "ada").await, 4, "each deed was {ONCE}");
    ada.passed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_at_every_step_does_nothing_twice() {
    let passed = [place().await, life().await].concat();
    all_were_passed("worker", &DEEDS, &passed);
}
