//! The client as a process: it connects, attends its agreements, and watches.

use std::fs::{self, File};

use alloy::primitives::keccak256;
use muster_messaging::{Relay, RelayConfig};
use serde_json::Value;

use crate::harness::{BackgroundProcess, TestMarket, free_port, until};
use crate::worker::{is_listed, worker};

/// What a page of this machine answers.
async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_used_through_the_local_proxy_and_nothing_is_logged_about_it() {
    let test_market = TestMarket::with_long_windows("client-connects").await;
    let (folder, relay) =
        (&test_market.folder, Relay::start(RelayConfig::default()).await.unwrap());
    test_market.fund_accounts(&["ada", "cleo"]);
    // What others call this machine is what they are told.
    let (port, mut command) = (free_port(), worker(folder, &relay.url()));
    let gateway = format!("http://localhost:{port}");
    command.args(["--listen", &format!("127.0.0.1:{port}"), "--public-url", &gateway]);
    let mut seller = BackgroundProcess::spawn(command);
    seller.ready();
    is_listed(folder, "ada").await;
    let bought = folder.json("client buy --account dev:cleo --length 1200 --testers 0");
    let agreement = bought["agreement"].as_str().unwrap();
    let mut watch = BackgroundProcess::start(folder, &format!("client watch {agreement}"));
    let connect = format!("client connect {agreement} --account dev:cleo --relay {}", relay.url());
    let nobody = folder.run(&connect.replace("dev:cleo", "dev:ada"));
    assert_eq!(nobody.code, 1);
    assert!(nobody.stderr.contains("was not bought by"), "{}", nobody.stderr);
    folder.json(&format!("agreement wait {agreement} --state running"));

    let shown = folder.json(&format!("{connect} --print"));
    let endpoint = &shown["entrances"][0];
    assert_eq!(endpoint["url"], gateway);
    let token = endpoint["token"].as_str().unwrap().to_owned();

    let log = folder.file("connect.log");
    let mut command = folder.command(&format!("{connect} --courtesy 0"));
    command.env("MUSTER_LOG", "trace").stderr(File::create(&log).unwrap());
    let mut connection = BackgroundProcess::spawn(command);
    let proxy = connection.ready()["proxy"].as_str().unwrap().to_owned();
    let mut answer = String::new();
    until(async || {
        let status;
        (status, answer) = get(&format!("{proxy}/factor?n=15")).await;
        status == 200
    })
    .await;
    assert!(answer.contains("[3,5]"), "{answer}");

    // When all is over it settles, and ends by itself; so does whoever watched.
    test_market.advance_time(1200 + 600).await;
    assert_eq!(connection.wait(), Some(0));
    let (mut events, mut is_settled) = (Vec::new(), false);
    while !is_settled || !events.iter().any(|event| event == "AgreementSettled") {
        let line: Value = serde_json::from_str(&watch.next_line()).unwrap();
        is_settled |= line["state"] == "settled";
        events.push(line["event"].as_str().unwrap().to_owned());
    }
    assert_eq!(watch.wait(), Some(0));
    for event in ["ContractBought", "State", "Accepted"] {
        assert!(events.iter().any(|events| events == event), "{event} is not in {events:?}");
    }

    let log = fs::read_to_string(log).unwrap();
    assert!(log.contains("waits for the end of 0x"), "{log}");
    let key = keccak256("muster dev account cleo").to_string();
    for secret in [token.as_str(), &format!(":{port}"), key.trim_start_matches("0x")] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}
