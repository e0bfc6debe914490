//! The binary `devnode` as a process.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may stop at an unexpected value")]

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Output, Stdio},
};

use alloy::{
    primitives::{Address, Bytes, hex, keccak256},
    providers::{Provider, ProviderBuilder, RootProvider},
    sol_types::SolValue,
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS};

/// A running chain.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The binary with these arguments.
fn devnode(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_devnode"));
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts a chain and returns its `ready` line.
fn start(arguments: &[&str]) -> (Process, Value) {
    let mut child = devnode(arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (Process(child), serde_json::from_str(&line).unwrap())
}

/// Runs to the end.
fn output(arguments: &[&str]) -> Output {
    devnode(arguments).output().unwrap()
}

/// Sends SIGTERM and returns the exit code and the logs.
fn terminate(mut process: Process) -> (Option<i32>, String) {
    let id = process.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let code = process.0.wait().unwrap().code();
    let mut logs = String::new();
    process.0.stderr.take().unwrap().read_to_string(&mut logs).unwrap();
    (code, logs)
}

#[tokio::test]
async fn a_chain_answers_and_continues_from_its_state_file() {
    let file = std::env::temp_dir().join(format!("devnode-binary-{}", std::process::id()));
    let arguments = ["--port", "0", "--json", "--state", file.to_str().unwrap()];
    let mut height = 0;
    // The second chain has the version of the file.
    for version in [["--arbos", "60"], ["--arbos", "51"]] {
        let time = ["--timestamp", "2000000000"];
        let (process, ready) = start(&[&arguments[..], &version, &time].concat());
        assert_eq!((&ready["event"], &ready["chain_id"]), (&"ready".into(), &CHAIN_ID.into()));
        assert_eq!(ready["dev_account"], DEV_ADDRESS.to_string());
        let provider =
            ProviderBuilder::new().connect_http(ready["rpc"].as_str().unwrap().parse().unwrap());
        let before = provider.get_block_number().await.unwrap();
        let block = provider.get_block_by_number(before.into()).await.unwrap().unwrap();
        assert_eq!(block.header.mix_hash[23], 60);
        assert!((2_000_000_000..2_000_000_600).contains(&block.header.timestamp));
        assert!(before > height, "{before}");
        provider.raw_request::<_, Value>("evm_mine".into(), ()).await.unwrap();
        height = before;
        let (code, logs) = terminate(process);
        assert_eq!(code, Some(0), "{logs}");
    }
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(file.with_extension("lock")).unwrap();
}

#[test]
fn what_a_state_file_cannot_take_over_is_said() {
    let file = std::env::temp_dir().join(format!("devnode-options-{}", std::process::id()));
    let arguments = ["--port", "0", "--json", "--state", file.to_str().unwrap()];
    let logs_of = |more: &[&str]| terminate(start(&[&arguments[..], more].concat()).0).1;
    let none = |logs: &str| assert!(!logs.contains("WARN"), "{logs}");
    none(&logs_of(&["--accounts", "2"]));
    none(&logs_of(&["--accounts", "2"]));
    let more = logs_of(&["--accounts", "5"]);
    assert!(more.contains("3 of 5 accounts have no ether: the state file keeps"), "{more}");
    let other = logs_of(&["--accounts", "2", "--chain-id", "7"]);
    assert!(other.contains("had the id 412346 and has 7 from now on"), "{other}");
    none(&logs_of(&["--accounts", "2", "--chain-id", "7"]));
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(file.with_extension("lock")).unwrap();
}

#[test]
fn quiet_chain_prints_only_errors() {
    let file = std::env::temp_dir().join(format!("devnode-quiet-{}", std::process::id()));
    let quiet = ["--port", "0", "--quiet", "--config-out", file.to_str().unwrap()];
    let mut process = Process(devnode(&quiet).spawn().unwrap());
    // It is written when the chain answers.
    while !file.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let mut stdout = process.0.stdout.take().unwrap();
    let (code, logs) = terminate(process);
    let mut printed = String::new();
    stdout.read_to_string(&mut printed).unwrap();
    assert_eq!((code, logs.as_str(), printed.as_str()), (Some(0), "", ""));
    std::fs::remove_file(&file).unwrap();
    let refused = output(&["--quiet", "--mnemonic", "no phrase"]);
    assert!(String::from_utf8(refused.stderr).unwrap().starts_with("error: "));
}

#[test]
fn a_port_in_use_is_an_error() {
    let (_process, ready) = start(&["--port", "0", "--json"]);
    let port = ready["rpc"].as_str().unwrap().rsplit(':').next().unwrap();
    let second = output(&["--port", port]);
    let text = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(
        text.starts_with(&format!("error: cannot start the dev chain on 127.0.0.1:{port}: ")),
        "{text}"
    );
    assert!(second.stdout.is_empty());
}

#[test]
fn an_invalid_option_is_a_usage_error() {
    for bad in ["0", "0.0001", "-1", "NaN", "soon"] {
        let refused = output(&[&format!("--block-time={bad}")]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains("expected seconds, 0.001 or more"), "{text}");
    }
    let unknown = output(&["--arbos", "59"]);
    assert_eq!(unknown.status.code(), Some(2));
    let text = String::from_utf8(unknown.stderr).unwrap();
    assert!(text.contains("[possible values: 51, 60, 61]"), "{text}");
}

#[test]
fn the_help_has_examples() {
    let help = output(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("Examples:\n  devnode "));
}

/// A client of a chain, from its `ready` line.
fn client(ready: &Value) -> RootProvider {
    RootProvider::new_http(ready["rpc"].as_str().unwrap().parse().unwrap())
}

/// The result of a request.
async fn rpc(client: &RootProvider, method: &str, params: Value) -> Value {
    client.raw_request(method.to_owned().into(), params).await.unwrap()
}

/// The code of a program in text format: prefix and compressed wasm.
fn program_code(wat: &str) -> Bytes {
    let mut code = vec![0xef, 0xf0, 0x00, 0x00];
    let mut writer = brotli::CompressorWriter::new(&mut code, 4096, 11, 22);
    writer.write_all(&wat::parse_str(wat).unwrap()).unwrap();
    drop(writer);
    code.into()
}

#[tokio::test]
async fn the_configuration_is_written_in_anvils_format() {
    let file = std::env::temp_dir().join(format!("devnode-config-{}", std::process::id()));
    let path = file.to_str().unwrap();
    let arguments = ["--port", "0", "--json", "--config-out", path, "--accounts", "2"];
    let (process, ready) = start(&[&arguments[..], &["--chain-id", "1337"]].concat());
    assert_eq!(ready["chain_id"], 1337);
    let config: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    for (index, account) in ready["accounts"].as_array().unwrap().iter().enumerate() {
        assert_eq!(config["available_accounts"][index], account["address"]);
        assert_eq!(config["private_keys"][index], account["key"]);
    }
    let first = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
    assert_eq!(config["available_accounts"][0], first);
    assert_eq!(config["available_accounts"].as_array().unwrap().len(), 2);
    let phrase = "test test test test test test test test test test test junk";
    assert_eq!(config["wallet"], json!({"derivation_path": "m/44'/60'/0'/0/", "mnemonic": phrase}));
    let block = rpc(&client(&ready), "eth_getBlockByNumber", json!(["0x0", false])).await;
    let time = config["genesis_timestamp"].as_str().unwrap().parse::<u64>().unwrap();
    assert_eq!(block["timestamp"], format!("{time:#x}"));
    assert_eq!(config["base_fee"], "100000000");
    assert_eq!(terminate(process).0, Some(0));
    std::fs::remove_file(&file).unwrap();

    let nowhere = output(&["--port", "0", "--config-out", "/nowhere/config.json"]);
    let text = String::from_utf8(nowhere.stderr).unwrap();
    assert!(text.contains("cannot write the configuration to /nowhere/config.json"), "{text}");
}

#[tokio::test]
async fn what_contracts_print_is_logged_once() {
    let (process, ready) = start(&["--port", "0", "--json"]);
    let chain = client(&ready);
    // Solidity: a contract that calls the console with its own input.
    let contract = Address::repeat_byte(0xc0);
    let forward = hex!("365f5f375f5f365f6a636f6e736f6c652e6c6f675afa00");
    rpc(&chain, "anvil_setCode", json!([contract, Bytes::from(forward)])).await;
    let arguments = ("answer", 42).abi_encode_params();
    let input = [&keccak256("log(string,uint256)")[..4], &arguments].concat();
    let call = json!({"from": DEV_ADDRESS, "to": contract, "data": Bytes::from(input)});
    rpc(&chain, "eth_call", json!([call, "latest"])).await;
    // Stylus: a program that prints a constant; the node estimates its gas first.
    let program = Address::repeat_byte(0xd0);
    let code = program_code(
        r#"(module
            (import "console" "log_txt" (func $log (param i32 i32)))
            (memory (export "memory") 1 1)
            (data (i32.const 0) "ahoy")
            (func (export "user_entrypoint") (param i32) (result i32)
                (call $log (i32.const 0) (i32.const 4))
                (i32.const 0)))"#,
    );
    rpc(&chain, "anvil_setCode", json!([program, code])).await;
    let activation = [&hex!("58c780c2")[..], program.into_word().as_slice()].concat();
    let activate = json!({"from": DEV_ADDRESS, "to": Address::with_last_byte(0x71),
        "data": Bytes::from(activation), "value": "0xde0b6b3a7640000"});
    rpc(&chain, "eth_sendTransaction", json!([activate])).await;
    let run = json!([{"from": DEV_ADDRESS, "to": program}]);
    let hash = rpc(&chain, "eth_sendTransaction", run).await;
    let receipt = rpc(&chain, "eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["status"], "0x1");
    // A contract that prints and reverts: nobody sends a transaction after its estimate.
    let reverting = Address::repeat_byte(0xd1);
    let revert = hex!("365f5f375f5f365f6a636f6e736f6c652e6c6f675afa5f5ffd");
    rpc(&chain, "anvil_setCode", json!([reverting, Bytes::from(revert)])).await;
    let arguments = ("refused", 43).abi_encode_params();
    let input = [&keccak256("log(string,uint256)")[..4], &arguments].concat();
    let call = json!([{"from": DEV_ADDRESS, "to": reverting, "data": Bytes::from(input)}]);
    let refusal = chain.raw_request::<_, Value>("eth_estimateGas".into(), call).await;
    assert!(refusal.unwrap_err().to_string().contains("execution reverted"));
    let (_, logs) = terminate(process);
    let lines = |text: &str| logs.lines().filter(|line| line.contains(text)).count();
    assert_eq!(
        lines(&format!("contract output contract={contract} text=\"answer 42\"")),
        1,
        "{logs}"
    );
    assert_eq!(lines(&format!("program output program={program} text=\"ahoy\"")), 1, "{logs}");
    let refused = format!("contract output contract={reverting} text=\"refused 43\"");
    assert_eq!(lines(&refused), 1, "{logs}");
    assert!(!logs.contains("← ["), "{logs}");
}

#[tokio::test]
async fn calls_are_printed_as_a_tree() {
    let (process, ready) = start(&["--port", "0", "--json", "--print-traces"]);
    let chain = client(&ready);
    let contract = Address::repeat_byte(0xc0);
    // Calls ArbSys without input, then stops.
    let code = Bytes::from(hex!("5f5f5f5f60645afa00"));
    rpc(&chain, "anvil_setCode", json!([contract, code])).await;
    rpc(&chain, "eth_sendTransaction", json!([{"from": DEV_ADDRESS, "to": contract}])).await;
    let (_, logs) = terminate(process);
    let called = format!("] {contract}::fallback()");
    assert!(logs.contains(&called), "{logs}");
    let inner = "0x0000000000000000000000000000000000000064::fallback() [staticcall]";
    assert!(logs.lines().any(|line| line.contains("├─ [") && line.contains(inner)), "{logs}");
}
