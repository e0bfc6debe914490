//! The binary `devnode` as a process.

#![expect(clippy::unwrap_used, reason = "tests and their helpers may stop at an unexpected value")]

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

use alloy::providers::{Provider, ProviderBuilder};
use serde_json::Value;
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
    assert_eq!(output(&["--block-time", "0"]).status.code(), Some(2));
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
