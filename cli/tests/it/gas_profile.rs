//! Profiles: all gas of a transaction, by the functions of the programs that it runs.

use std::fs;

use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{TestFolder, TestMarket};

/// The folder of the compiled contracts.
const BUILT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../target/wasm32-unknown-unknown/release");

/// The hash of no transaction.
const UNKNOWN: &str = "0x0101010101010101010101010101010101010101010101010101010101010101";

/// Options that name both contracts.
fn both() -> String {
    format!("--wasm agreement={BUILT}/agreement.wasm --wasm dispatcher={BUILT}/dispatcher.wasm")
}

/// Buys an agreement that nobody accepts, and settles it. Returns both transactions.
async fn settle(test_market: &TestMarket) -> [String; 2] {
    let folder = &test_market.folder;
    folder.json("worker register --price 1gwei --capacity 2 --stake 1eth");
    let bought = folder.json("client buy --account dev --length 12");
    test_market.advance_time(60).await;
    let settled = folder.json(&format!("settle {}", bought["agreement"].as_str().unwrap()));
    [&bought, &settled].map(|output| output["transaction"].as_str().unwrap().to_owned())
}

/// The sum of a column.
fn sum(rows: &Value, column: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[column].as_u64().unwrap()).sum()
}

/// The row of a function whose name ends like this.
fn row<'a>(profile: &'a Value, program: &str, function: &str) -> &'a Value {
    let mut rows = profile["functions"].as_array().unwrap().iter();
    let row = rows.find(|row| {
        row["program"] == program && row["function"].as_str().unwrap().ends_with(function)
    });
    row.unwrap_or_else(|| panic!("no {function} of {program}: {profile:#}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn all_gas_of_a_transaction_belongs_to_functions_with_names() {
    let test_market = TestMarket::new("gas-profile").await;
    let folder = &test_market.folder;
    let [bought, settled] = settle(&test_market).await;
    let files = "--flame-graph settle.svg --speedscope settle.json";
    let profile = folder.json(&format!("gas-profile {settled} {} {files} --top 0", both()));

    let receipt = test_market.rpc("eth_getTransactionReceipt", json!([settled])).await;
    let gas = u64::from_str_radix(&receipt["gasUsed"].as_str().unwrap()[2..], 16).unwrap();
    assert_eq!((&profile["gas"], &profile["ok"]), (&gas.into(), &true.into()));
    let programs: Vec<_> =
        profile["programs"].as_array().unwrap().iter().map(|row| &row["program"]).collect();
    assert!(programs.contains(&&json!("agreement")) && programs.contains(&&json!("dispatcher")));
    let ink = sum(&profile["functions"], "ink");
    assert_eq!(ink, sum(&profile["programs"], "ink"));
    // A unit of gas is 10,000 ink; of refunds and fractions there are none here.
    let outside = profile["outside_gas"].as_u64().unwrap();
    assert_eq!(outside, (gas * 10_000 - ink) / 10_000);
    assert!(outside > 21_000, "the transaction itself");

    // The agreement calls the dispatcher: what that uses is not the host call's own.
    let call = row(&profile, "agreement", "call_contract");
    let dispatcher = profile["programs"].as_array().unwrap().iter();
    let dispatcher = dispatcher.clone().find(|row| row["program"] == "dispatcher").unwrap();
    assert!(call["total_gas"].as_u64() > dispatcher["gas"].as_u64(), "{profile:#}");
    assert!(call["gas"].as_u64() < call["total_gas"].as_u64());
    let entry = row(&profile, "agreement", "user_entrypoint");
    assert!(entry["total_gas"].as_u64() > call["total_gas"].as_u64());
    let functions = profile["functions"].as_array().unwrap().iter();
    let names: Vec<_> = functions.map(|row| row["function"].as_str().unwrap()).collect();
    assert!(names.iter().any(|name| name.contains("agreement::")), "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with("function ")), "{names:?}");

    let svg = fs::read_to_string(folder.file("settle.svg")).unwrap();
    assert!(svg.contains("<svg") && svg.contains("call_contract"));
    let speedscope = fs::read_to_string(folder.file("settle.json")).unwrap();
    let speedscope: Value = serde_json::from_str(&speedscope).unwrap();
    let weights = speedscope["profiles"][0]["weights"].as_array().unwrap();
    let weights: u64 = weights.iter().map(|weight| weight.as_u64().unwrap()).sum();
    assert_eq!(weights, gas * 10_000, "every unit of gas is in the picture");

    // A stranger to the names gets numbers, and a purchase runs the dispatcher alone.
    let unnamed = folder.json(&format!("gas-profile {bought} --top 3"));
    assert_eq!(unnamed["functions"].as_array().unwrap().len(), 3);
    assert_eq!(unnamed["transaction"], bought);
    let text = folder.run(&format!("gas-profile {bought} {} --top 3", both())).stdout;
    assert!(text.contains("create2") && text.contains("dispatcher"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_profiled_too() {
    let test_market = TestMarket::new("gas-profile-call").await;
    let folder = &test_market.folder;
    let market = folder.json("market show")["dispatcher"].as_str().unwrap().to_owned();
    // Calldata that is no call of the market: the call fails, and has a profile.
    let call = format!("gas-profile --to {market} --data 0x01020304 --wasm {market}={BUILT}");
    let profile = folder.json(&format!("{call}/dispatcher.wasm"));
    assert_eq!((&profile["transaction"], &profile["ok"]), (&Value::Null, &false.into()));
    assert!(sum(&profile["functions"], "ink") > 0);
    let other = folder.refused(&format!("{call}/agreement.wasm"));
    assert_eq!(other, format!("the code at {market} is not the program in {BUILT}/agreement.wasm"));
    let missing = folder.refused(&format!("{call}/none.wasm"));
    assert!(missing.starts_with(&format!("cannot read {BUILT}/none.wasm")), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_profiled_is_told() {
    let test_market = TestMarket::new("gas-profile-refused").await;
    let folder = &test_market.folder;
    let unknown = folder.refused(&format!("gas-profile {UNKNOWN}"));
    assert_eq!(
        unknown,
        format!(
            "no block has the transaction {UNKNOWN}: check the hash, and that --rpc names its chain"
        )
    );
    let market = folder.json("market show")["dispatcher"].as_str().unwrap().to_owned();
    let nobody = "0x8ba1f109551bD432803012645Ac136ddd64DBA72";
    let elsewhere = format!("gas-profile --to {market} --wasm {nobody}={BUILT}/dispatcher.wasm");
    assert_eq!(
        folder.refused(&elsewhere),
        format!(
            "no program ran at {nobody}; programs ran at {market}: give one of these to --wasm (what runs behind a proxy is \
             its implementation)"
        )
    );
    for (args, why) in [
        ("gas-profile", "required"),
        ("gas-profile 0x12", "64 hexadecimal digits"),
        ("gas-profile --to 0x12", "40 hexadecimal digits"),
    ] {
        let result = folder.run(args);
        assert!(result.code == 2 && result.stderr.contains(why), "{args}: {}", result.stderr);
    }
}

/// A node that has a chain id, and no tracers.
async fn answer(Json(request): Json<Value>) -> Json<Value> {
    let id = &request["id"];
    Json(if request["method"] == "eth_chainId" {
        json!({ "jsonrpc": "2.0", "id": id, "result": "0x1" })
    } else {
        let error = json!({ "code": -32601, "message": "the method does not exist" });
        json!({ "jsonrpc": "2.0", "id": id, "error": error })
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_the_profiler_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let node = Router::new().route("/", post(answer));
    let server = tokio::spawn(async move { axum::serve(listener, node).await });
    let folder = TestFolder::new("gas-profile-node", &url);
    assert_eq!(
        folder.refused(&format!("gas-profile {UNKNOWN}")),
        "the node cannot profile programs, it answered \"the method does not exist\": run `muster devnode`, and the transaction \
         there"
    );
    server.abort();
}
