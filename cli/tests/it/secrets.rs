//! Secrets of the parties are in no log at any level, and nowhere on the chain.

use std::fs::{self, File};

use alloy::primitives::keccak256;
use serde_json::{Value, json};

use crate::harness::{BackgroundProcess, TestFolder, TestMarket, until};
use crate::worker::is_listed;

/// Starts the command with these arguments, with its log at the level `trace` in a file.
fn spawn_with_trace_log(folder: &TestFolder, name: &str, args: &str) -> BackgroundProcess {
    let mut command = folder.command(args);
    command.env("MUSTER_LOG", "trace");
    command.stderr(File::create(folder.file(&format!("{name}.log"))).unwrap());
    BackgroundProcess::spawn(command)
}

/// The response of a node, as text.
async fn ask(url: &str, method: &str, params: Value) -> String {
    let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let request = reqwest::Client::new().post(url).body(request.to_string());
    let answer = request.header("content-type", "application/json").send().await.unwrap();
    answer.text().await.unwrap()
}

/// All transactions and all logs of the chain.
async fn chain_dump(test_market: &TestMarket) -> String {
    let url = test_market.chain.url();
    let logs = json!([{"fromBlock": "0x0", "toBlock": "latest"}]);
    let mut text = ask(&url, "eth_getLogs", logs).await;
    let number =
        muster_client::Node::connect(&url, None).await.unwrap().head().await.unwrap().number;
    for block in 0..=number {
        text += &ask(&url, "eth_getBlockByNumber", json!([format!("{block:#x}"), true])).await;
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_token_or_address_is_in_a_log_or_on_the_chain() {
    let test_market = TestMarket::with_long_windows("secrets").await;
    let folder = &test_market.folder;
    test_market.fund_accounts(&["ada", "cleo"]);
    test_market.join_testers(&["tom", "una", "vic"]);
    let mut relay = spawn_with_trace_log(folder, "relay", "relay --listen 127.0.0.1:0");
    let relay = format!("--relay {} --account dev", relay.field("url"));
    let mut service = BackgroundProcess::start(folder, "example factor --listen 127.0.0.1:0");
    let service = service.field("url");

    let work = format!("worker run --price 1000gwei --upstream {service} {relay}:ada");
    let mut worker = spawn_with_trace_log(folder, "worker", &work);
    let gateway = worker.field("gateway");
    is_listed(folder, "ada").await;
    let bought = folder.json("client buy --account dev:cleo --length 2400 --testers 3");
    let agreement = bought["agreement"].as_str().unwrap();
    folder.json(&format!("agreement wait {agreement} --state running"));
    let connect = format!("client connect {agreement} {relay}:cleo");
    let mut client = spawn_with_trace_log(folder, "client", &format!("{connect} --page /health"));
    let proxy = client.field("proxy");
    let test = format!("tester run --check factor {relay}:tom");
    let mut tester = spawn_with_trace_log(folder, "tester", &test);
    let metrics = tester.field("health").replace("/health", "/metrics");
    let read = async |url: &str| reqwest::get(url).await.unwrap().text().await.unwrap();
    until(async || read(&format!("{proxy}/factor?n=15")).await.contains("[3,5]")).await;
    until(async || {
        test_market.advance_time(5).await;
        read(&metrics).await.contains("muster_tester_probes_total{outcome=\"served\"}")
    })
    .await;

    let shown = folder.json(&format!("{connect} --print --state other.db"));
    let token = shown["entrances"][0]["token"].as_str().unwrap();
    assert_eq!(shown["entrances"][0]["url"], gateway);
    let any_token = format!("muster_{}", agreement.trim_start_matches("0x").to_lowercase());
    assert!(token.starts_with(&any_token), "all tokens of the agreement begin like this: {token}");
    for daemon in [tester, client, worker] {
        assert_eq!(daemon.terminate(), Some(0));
    }

    let port = gateway.trim_start_matches("http://127.0.0.1");
    let seal = token.trim_start_matches(&any_token);
    let keys = ["ada", "cleo", "tom"].map(|name| {
        let key = keccak256(format!("muster dev account {name}")).to_string();
        key.trim_start_matches("0x").to_owned()
    });
    for name in ["worker", "tester", "client", "relay"] {
        let log = fs::read_to_string(folder.file(&format!("{name}.log"))).unwrap().to_lowercase();
        assert!(name == "relay" || log.contains("info"), "{name} logs nothing");
        for secret in keys.iter().map(String::as_str).chain([&*any_token, seal, port]) {
            assert!(!log.contains(secret), "{secret} is in the log of the {name}: {log}");
        }
    }
    let chain = chain_dump(&test_market).await.to_lowercase();
    let account = folder.json("credit dev:ada")["account"].as_str().unwrap().to_lowercase();
    assert!(chain.contains(account.trim_start_matches("0x")), "the worker is on the chain");
    for secret in keys.iter().map(String::as_str).chain([seal]) {
        assert!(!chain.contains(secret), "{secret} is on the chain");
    }
    for text in ["127.0.0.1", port, "http", "muster_"] {
        let written = alloy::hex::encode(text);
        assert!(!chain.contains(&written), "{text} is on the chain");
    }
}
