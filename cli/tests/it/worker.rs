//! The worker as a process: served, killed, started again, told to end.

use std::process::Command;
use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;
use devnode::CHAIN_ID;
use gateway::{RECEIPT, SESSION};
use messages::{
    Claim, Content, Letter, MessageKey, PostBox, RecentlySeen, Relay, RelayConfig, Relays,
};
use serde_json::Value;

use crate::harness::{Background, Folder, MUSTER, World};

/// The worker's daemon, which starts `muster serve` for each agreement.
pub(crate) fn worker(folder: &Folder, relay: &Relay) -> Command {
    let relay = relay.url();
    let args = format!(
        "worker run --account dev:ada --price 1000gwei --relay {relay} --state ada.db --memory 2048 --courtesy 0"
    );
    let mut command = folder.command(&args);
    command.args(["--exec", &format!("exec {MUSTER} serve --listen 127.0.0.1:$PORT")]);
    command
}

/// A letter of the client's to the worker, and the box for the reply.
async fn request(relay: &Relay, agreement: Address, worker: B256) -> (PostBox, Letter) {
    let client = PrivateKeySigner::from_bytes(&keccak256("muster dev account cleo")).unwrap();
    let key = MessageKey::of(&client).unwrap();
    let relays = Arc::new(Relays::connect([relay.url()]).unwrap());
    let letters = PostBox::open(key, relays, Arc::new(RecentlySeen::default())).await.unwrap();
    let claim = Claim::Client {};
    let letter = Letter::request(CHAIN_ID, agreement, Content::EndpointRequest { claim });
    letters.send(worker, &letter).await.unwrap();
    (letters, letter)
}

/// What the worker tells its client: where the service is, and the token for it.
pub(crate) async fn endpoint(relay: &Relay, agreement: Address, worker: B256) -> (String, String) {
    let (mut letters, letter) = request(relay, agreement, worker).await;
    loop {
        let delivery = letters.next().await.unwrap();
        if delivery.answers(worker, &letter) {
            let Content::EndpointReply { url, token } = delivery.letter.content else {
                panic!("{:?}", delivery.letter);
            };
            return (url.reveal().to_owned(), token.reveal().to_owned());
        }
    }
}

/// Asks at a URL.
async fn ask(url: &str, token: &str) -> Result<reqwest::Response, reqwest::Error> {
    let request = reqwest::Client::new().get(url).bearer_auth(token);
    request.header(SESSION, B256::repeat_byte(5).to_string()).send().await
}

/// What is answered at a URL, with the receipt.
async fn get(url: &str, token: &str) -> (String, String) {
    let answer = ask(url, token).await.unwrap();
    let receipt = answer.headers().get(RECEIPT).map(|receipt| receipt.to_str().unwrap().to_owned());
    (answer.text().await.unwrap(), receipt.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_serves_whoever_bought_and_ends_when_it_is_told() {
    let world = World::slow("worker").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let mut daemon = Background::spawn(worker(folder, &relay));
    let ready = daemon.ready();
    let show = || folder.run("worker show dev:ada --json").stdout;
    while !show().contains("\"listed\": true") {}
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));

    let known = folder.json("worker show dev:ada");
    let key = known["key"].as_str().unwrap().parse().unwrap();
    let (url, token) = endpoint(&relay, agreement.parse().unwrap(), key).await;
    assert_eq!(ready["gateway"], url);
    let (answer, receipt) = get(&format!("{url}/factor?n=15"), &token).await;
    assert!(answer.contains("[3,5]"), "{answer}");
    assert!(receipt.starts_with("0b1,0x"), "{receipt}");

    let health = ready["health"].as_str().unwrap();
    let (health, _) = get(health, "").await;
    assert!(health.starts_with("waits for the end of 0x"), "{health}");
    let metrics = ready["health"].as_str().unwrap().replace("health", "metrics");
    let (metrics, _) = get(&metrics, "").await;
    for line in [
        "muster_worker_agreements{state=\"running\"} 1",
        "muster_worker_answers_total 1",
        "muster_worker_receipts_total 1",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    assert_eq!(daemon.terminate(), Some(0));

    // It goes on where it was, and so does whoever has a token.
    let mut daemon = Background::spawn(worker(folder, &relay));
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    let again = loop {
        let (answer, again) = get(&format!("{url}/factor?n=15"), &token).await;
        if answer.contains("[3,5]") {
            break again;
        }
    };
    assert_eq!(again, receipt, "the session is the same");
    assert_eq!(daemon.terminate(), Some(0));
}

/// The daemon that ends at a point as if the power had failed, and where its gateway is.
fn faulty(folder: &Folder, relay: &Relay, point: &str) -> (Background, String) {
    let mut command = worker(folder, relay);
    command.env("MUSTER_FAULT", point);
    let mut daemon = Background::spawn(command);
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    (daemon, url)
}

/// Kills the worker while it answers letters and requests; whoever asks again gets everything.
async fn guests(world: &World, relay: &Relay, agreement: Address) {
    let folder = &world.folder;
    let key = folder.json("worker show dev:ada")["key"].as_str().unwrap().parse().unwrap();
    for point in ["letter/decided", "admission/noted", "letter/remembered", "letter/noted"] {
        let (daemon, _) = faulty(folder, relay, point);
        request(relay, agreement, key).await;
        assert_eq!(daemon.ended(), None, "{point} was not reached");
    }
    let mut daemon = Background::spawn(worker(folder, relay));
    daemon.ready();
    let (_, token) = endpoint(relay, agreement, key).await;
    assert_eq!(daemon.terminate(), Some(0));
    for point in ["session/decided", "session/noted"] {
        let (daemon, url) = faulty(folder, relay, point);
        while ask(&url, &token).await.is_ok() {}
        assert_eq!(daemon.ended(), None, "{point} was not reached");
    }
    let mut daemon = Background::spawn(worker(folder, relay));
    let url = daemon.ready()["gateway"].as_str().unwrap().to_owned();
    let receipt = loop {
        let (_, receipt) = get(&format!("{url}/factor?n=15"), &token).await;
        if !receipt.is_empty() {
            break receipt;
        }
    };
    assert!(receipt.starts_with("0b1,0x"), "{receipt}");
    assert_eq!(daemon.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_killed_does_nothing_twice() {
    let world = World::slow("killed").await;
    let (folder, relay) = (&world.folder, Relay::start(RelayConfig::default()).await.unwrap());
    world.fund(&["ada", "cleo"]);
    let killed = |point: &str| {
        let (daemon, _) = faulty(folder, &relay, point);
        assert_eq!(daemon.ended(), None, "{point} was not reached");
    };
    let deed = |name: &str| {
        for stage in ["decided", "remembered", "mined", "noted"] {
            killed(&format!("{name}/{stage}"));
        }
    };
    deed("register");
    let wish = "--redundancy 1 --length 1200 --windows 1 --testers 0";
    let bought = folder.json(&format!("client buy {wish} --account dev:cleo"));
    let agreement = bought["agreement"].as_str().unwrap();
    deed("accept");
    guests(&world, &relay, agreement.parse().unwrap()).await;
    world.pass(2_000).await;
    deed("settle");
    deed("withdraw");

    let credit = folder.json("credit dev:ada");
    assert_eq!(credit["credit"], "0");
    assert_eq!(folder.json(&format!("agreement show {agreement}"))["state"], "settled");
    let account = credit["account"].as_str().unwrap();
    let count = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionCount","params":["{account}","latest"]}}"#
    );
    let count: Value = serde_json::from_str(&world.chain.ask(&count).await).unwrap();
    assert_eq!(count["result"], "0x4", "each deed was done once");
}
