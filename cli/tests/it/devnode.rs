//! `muster devnode` as a process.

use std::fs::{self, File};
use std::net::TcpListener;

use serde_json::{Value, json};
use stylus_devnode::{Config, Constructor, Devnode};

use crate::harness::{BackgroundProcess, TestFolder, until};

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_until_sigterm_and_frees_its_port() {
    let nowhere = TestFolder::new("devnode-runs", "");
    let mut node = BackgroundProcess::start(&nowhere, "devnode --port 0");
    let url = node.field("rpc");
    let folder = TestFolder::new("devnode-answers", &url);
    assert_eq!(folder.json("fund dev:ada 1eth")["balance"], "1000000000000000000");

    let port = url.rsplit(':').next().unwrap().to_owned();
    let taken = folder.refused(&format!("devnode --port {port}"));
    assert!(
        taken.starts_with(&format!("cannot start the dev chain on 127.0.0.1:{port}: "))
            && taken.contains("take another port with --port"),
        "{taken}"
    );

    assert_eq!(node.terminate(), Some(0));
    TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_mines_blocks_with_block_time() {
    let nowhere = TestFolder::new("devnode-ticks", "");
    let mut process = BackgroundProcess::start(&nowhere, "devnode --port 0 --block-time 0.05");
    let url = process.field("rpc");
    let node = muster_client::Node::connect(&url, None).await.unwrap();
    let first = node.head().await.unwrap().number;
    until(async || node.head().await.unwrap().number >= first + 3).await;
}

/// A Stylus program that prints "ahoy".
const PRINTING: &str = r#"(module
    (import "console" "log_txt" (func $log (param i32 i32)))
    (memory (export "memory") 1 1)
    (data (i32.const 0) "ahoy")
    (func (export "user_entrypoint") (param i32) (result i32)
        (call $log (i32.const 0) (i32.const 4))
        (i32.const 0)))"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_contracts_print_is_on_the_terminal() {
    let nowhere = TestFolder::new("devnode-prints", "");
    let terminal = nowhere.file("terminal");
    let mut command = nowhere.command("devnode --port 0");
    command.stderr(File::create(&terminal).unwrap());
    let mut process = BackgroundProcess::spawn(command);
    let url = process.field("rpc");
    let ask = async |method: &str, params: Value| {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = reqwest::Client::new().post(&url).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap().text().await.unwrap();
        assert!(!answer.contains("error"), "{answer}");
    };

    // Stylus: the code is that of a chain of this process.
    let chain = Devnode::start(Config::any_port()).await.unwrap();
    let wasm = wat::parse_str(PRINTING).unwrap();
    let program = chain.deploy(&wasm, Constructor::none()).await.unwrap().address().to_string();
    let code =
        json!({"jsonrpc": "2.0", "id": 1, "method": "eth_getCode", "params": [program, "latest"]});
    let code: Value = serde_json::from_str(&chain.raw_request(&code.to_string()).await).unwrap();
    ask("anvil_setCode", json!([program, code["result"]])).await;
    let dev = chain.accounts()[0].address.to_string();
    let activation = format!("0x58c780c2{:0>64}", program.trim_start_matches("0x"));
    let arb_wasm = format!("0x{:0>40}", "71");
    let activate =
        json!({"from": dev, "to": arb_wasm, "data": activation, "value": "0xde0b6b3a7640000"});
    ask("eth_sendTransaction", json!([activate])).await;
    ask("eth_sendTransaction", json!([{"from": dev, "to": program}])).await;

    // Solidity: a contract that calls the console with its own input, here log(string) with "hello".
    let contract = format!("0x{}", "c0".repeat(20));
    let forward = "0x365f5f375f5f365f6a636f6e736f6c652e6c6f675afa00";
    ask("anvil_setCode", json!([contract, forward])).await;
    let input = format!("0x41304fac{:064x}{:064x}{:0<64}", 32, 5, "68656c6c6f");
    ask("eth_call", json!([{"to": contract, "data": input}, "latest"])).await;

    assert_eq!(process.terminate(), Some(0));
    let logs = fs::read_to_string(terminal).unwrap();
    let lines = |what: &str, text: &str| {
        logs.lines().filter(|line| line.contains(what) && line.contains(text)).count()
    };
    assert_eq!(lines("program output", "ahoy"), 1, "{logs}");
    assert_eq!(lines("contract output", "hello"), 1, "{logs}");
}
