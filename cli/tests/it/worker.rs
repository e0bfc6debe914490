//! `muster worker run` as a process: it serves, resumes after a restart, and ends on SIGTERM.

use std::fs;
use std::process::Command;
use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use muster_client::ServiceReceipt;
use muster_gateway::{RECEIPT_HEADER, SESSION_HEADER};
use muster_messaging::{
    Claim, Content, ExposeSecret, InMemoryReplayGuard, Mailbox, Message, MessageKey, RelayPool,
};
use muster_relay::{Relay, RelayConfig};
use stylus_devnode::CHAIN_ID;

use crate::harness::{BackgroundProcess, MUSTER, TestFolder, TestMarket, until};

/// The worker's daemon, which starts `muster example factor` for each agreement.
pub(crate) fn worker(folder: &TestFolder, relay: &str) -> Command {
    let args = format!(
        "worker run --account dev:ada --price 1000gwei --relay {relay} --state ada.db --memory 2048 --courtesy 0"
    );
    let mut command = folder.command(&args);
    let service = format!(
        "echo $$ $PORT >>$MUSTER_AGREEMENT; exec {MUSTER} example factor --listen 127.0.0.1:$PORT"
    );
    command.args(["--exec", &service]);
    command
}

/// The processes and ports of an agreement's service so far.
fn services(folder: &TestFolder, agreement: &str) -> Vec<(String, String)> {
    let lines = fs::read_to_string(folder.file(&agreement.to_lowercase())).unwrap_or_default();
    let words = lines.lines().map(|line| line.split_once(' ').unwrap());
    words.map(|(process, port)| (process.to_owned(), port.to_owned())).collect()
}

/// Returns when a dev account is in its book.
pub(crate) async fn is_listed(folder: &TestFolder, name: &str) {
    let show = format!("worker show dev:{name} --json");
    until(async || folder.run(&show).stdout.contains("\"listed\": true")).await;
}

/// The key for messages of a dev account.
pub(crate) fn key_of(folder: &TestFolder, name: &str) -> B256 {
    let known = folder.json(&format!("worker show dev:{name}"));
    known["key"].as_str().unwrap().parse().unwrap()
}

/// Sends the client's request for an endpoint, and returns the mailbox for the reply.
pub(crate) async fn request_endpoint(
    relay: &str,
    agreement: Address,
    worker: B256,
) -> (Mailbox, Message) {
    let client = PrivateKeySigner::from_bytes(&keccak256("muster dev account cleo")).unwrap();
    let key = MessageKey::from_signer(&client).unwrap();
    let relays = Arc::new(RelayPool::connect([relay]).unwrap());
    let mailbox =
        Mailbox::open(key, relays, Arc::new(InMemoryReplayGuard::default())).await.unwrap();
    let claim = Claim::Client {};
    let message = Message::request(CHAIN_ID, agreement, Content::EndpointRequest { claim });
    mailbox.send(worker, &message).await.unwrap();
    (mailbox, message)
}

/// The URL and the token that the worker sends to its client.
pub(crate) async fn endpoint(relay: &str, agreement: Address, worker: B256) -> (String, String) {
    let (mut mailbox, message) = request_endpoint(relay, agreement, worker).await;
    loop {
        let delivery = mailbox.next().await.unwrap();
        if delivery.is_reply_to(worker, &message) {
            let Content::EndpointReply(muster_messaging::Endpoint { url, token, .. }) =
                delivery.message.content
            else {
                panic!("{:?}", delivery.message);
            };
            return (url.expose_secret().to_owned(), token.expose_secret().to_owned());
        }
    }
}

/// Sends a request with a token and a session.
pub(crate) async fn ask(url: &str, token: &str) -> Result<reqwest::Response, reqwest::Error> {
    let request = reqwest::Client::new().get(url).bearer_auth(token);
    request.header(SESSION_HEADER, B256::repeat_byte(5).to_string()).send().await
}

/// The body and the receipt of a response.
pub(crate) async fn get(url: &str, token: &str) -> (String, String) {
    let answer = ask(url, token).await.unwrap();
    let receipt =
        answer.headers().get(RECEIPT_HEADER).map(|receipt| receipt.to_str().unwrap().to_owned());
    (answer.text().await.unwrap(), receipt.unwrap_or_default())
}

/// Buys, and returns the agreement when it is running.
fn buy(folder: &TestFolder) -> String {
    let order_args = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {order_args} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap().to_owned();
    folder.json(&format!("agreement wait {agreement} --state running"));
    agreement
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_serves_its_clients_and_ends_on_sigterm() {
    let test_market = TestMarket::with_long_windows("worker").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    let start = || {
        let mut command = worker(folder, &relay.url());
        command.args(["--capacity", "2"]);
        BackgroundProcess::spawn(command)
    };
    let mut daemon = start();
    let ready = daemon.ready();
    is_listed(folder, "ada").await;
    let [first, second] = [buy(folder), buy(folder)];
    let agreement = &*first;

    let key = key_of(folder, "ada");
    let (url, token) = endpoint(&relay.url(), agreement.parse().unwrap(), key).await;
    assert_eq!(ready["gateway"], url);
    let (answer, receipt) = get(&format!("{url}/factor?n=15"), &token).await;
    assert!(answer.contains("[3,5]"), "{answer}");
    let receipt: ServiceReceipt = receipt.parse().unwrap();
    assert_eq!((receipt.window, receipt.parts.count_ones()), (0, 1));

    let health = ready["health"].as_str().unwrap();
    let (health, _) = get(health, "").await;
    assert!(health.starts_with("waits for the end of 0x"), "{health}");
    let metrics = ready["health"].as_str().unwrap().replace("health", "metrics");
    let (metrics, _) = get(&metrics, "").await;
    for line in [
        "muster_worker_agreements{state=\"running\"} 2",
        "muster_worker_responses_total 1",
        "muster_worker_receipts_total 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }

    // Each agreement has a service of its own: only the one that is killed is restarted.
    let (_, other) = endpoint(&relay.url(), second.parse().unwrap(), key).await;
    let [ours, theirs] = [&first, &second].map(|agreement| services(folder, agreement));
    let ([ours], [theirs]) = (&ours[..], &theirs[..]) else { panic!("{ours:?} {theirs:?}") };
    assert!(ours.0 != theirs.0 && ours.1 != theirs.1, "{ours:?} {theirs:?}");
    assert!(Command::new("kill").args(["-KILL", &ours.0]).status().unwrap().success());
    let page = format!("{url}/factor?n=21");
    until(async || services(folder, &first).len() == 2).await;
    until(async || get(&page, &token).await.0.contains("[3,7]")).await;
    assert!(get(&page, &other).await.0.contains("[3,7]"));
    assert_eq!(services(folder, &second), std::slice::from_ref(theirs));
    assert!(Command::new("kill").args(["-0", &theirs.0]).status().unwrap().success());
    assert_eq!(daemon.terminate(), Some(0));

    // After a restart the same token is valid.
    let mut daemon = start();
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    let mut again = String::new();
    until(async || {
        let answer;
        (answer, again) = get(&format!("{url}/factor?n=15"), &token).await;
        answer.contains("[3,5]")
    })
    .await;
    // Time may have passed into another part of the window, but no part is forgotten.
    let again: ServiceReceipt = again.parse().unwrap();
    assert_eq!((again.window, again.parts & receipt.parts), (0, receipt.parts));
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_serves_the_application_that_it_is_registered_for() {
    let test_market = TestMarket::with_long_windows("registered-for").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada"]);
    let offer = "--price 1000gwei --capacity 1 --max-length 1200";
    folder.json(&format!("worker register --account dev:ada --application maps {offer}"));
    // Any listener will do as a service.
    let service = test_market.chain.url();
    let run = format!(
        "worker run --account dev:ada {offer} --relay {} --upstream {service}",
        relay.url()
    );
    let mut daemon = BackgroundProcess::start(folder, &run);
    let health = daemon.health();
    until(async || get(&health, "").await.0.starts_with("waits for somebody to buy")).await;
    assert_eq!(daemon.terminate(), Some(0));
    let refused = folder.run(&format!("{run} --application other"));
    assert!(refused.stderr.contains("is registered for application maps"), "{}", refused.stderr);
}
