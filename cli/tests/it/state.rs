//! `muster devnode --state`: the file that a killed process leaves.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{BackgroundProcess, TestFolder};

/// The rounds of killing.
const ROUNDS: u32 = 8;

/// The longest life of a process, in milliseconds.
const MAX_LIFETIME_MS: u64 = 1500;

/// A chain in a process of its own.
struct DevnodeProcess {
    /// The process, killed without warning when this is dropped.
    process: BackgroundProcess,
    /// Its URL.
    url: String,
    /// A client.
    http: reqwest::Client,
}

impl DevnodeProcess {
    /// Starts a chain from a file.
    fn start(folder: &TestFolder, file: &Path) -> Self {
        let args = format!("devnode --port 0 --state {}", file.display());
        let mut process = BackgroundProcess::start(folder, &args);
        let url = process.field("rpc");
        Self { process, url, http: reqwest::Client::new() }
    }

    /// The result of a request.
    async fn ask(&self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = self.http.post(&self.url).body(request.to_string());
        let answer = request.header("content-type", "application/json").send().await.unwrap();
        let mut answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The newest block.
    async fn head(&self) -> Value {
        self.ask("eth_getBlockByNumber", json!(["latest", true])).await
    }

    /// The block at a height.
    async fn block(&self, height: &Value) -> Value {
        self.ask("eth_getBlockByNumber", json!([height, true])).await
    }

    /// Sends money back and forth until the time is up.
    async fn send_transfers(&self, time: Duration) {
        let accounts = self.ask("eth_accounts", json!([])).await;
        let transfers = async {
            loop {
                let request = json!({"from": accounts[0], "to": accounts[1], "value": "0x1"});
                self.ask("eth_sendTransaction", json!([request])).await;
            }
        };
        let _: Result<(), _> = tokio::time::timeout(time, transfers).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_chain_continues_from_its_last_whole_file() {
    let folder = TestFolder::new("devnode-killed", "");
    let (file, copy) = (folder.file("chain"), folder.file("copy"));
    let mut grown = 0;
    for round in 0..ROUNDS {
        let time = Duration::from_millis(RandomState::new().hash_one(round) % MAX_LIFETIME_MS);
        eprintln!("round {round}: killed after {time:?}");
        let before = fs::read(&file).unwrap_or_default();
        let killed = DevnodeProcess::start(&folder, &file);
        killed.send_transfers(time).await;
        // Everything in the file must still be there after the kill, even if a write is under way.
        fs::copy(&file, &copy).unwrap();
        drop(killed);

        grown += u32::from(fs::read(&copy).unwrap().len() > before.len());
        let (saved, after) =
            (DevnodeProcess::start(&folder, &copy), DevnodeProcess::start(&folder, &file));
        let head = saved.head().await;
        assert_eq!(after.block(&head["number"]).await, head);
        after.send_transfers(Duration::from_millis(20)).await;
    }
    assert!(grown >= ROUNDS / 4, "the chain grew in {grown} rounds only");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_ends_on_sigterm_loses_nothing() {
    let folder = TestFolder::new("devnode-ended", "");
    let file = folder.file("chain");
    let mut head = Value::Null;
    for _ in 0..2 {
        let chain = DevnodeProcess::start(&folder, &file);
        if !head.is_null() {
            assert_eq!(chain.head().await, head);
        }
        chain.send_transfers(Duration::from_millis(50)).await;
        head = chain.head().await;
        assert_eq!(chain.process.terminate(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_chain_state_is_refused_in_one_line() {
    let folder = TestFolder::new("devnode-foreign", "");
    let file = folder.file("chain");
    fs::write(&file, "hello").unwrap();
    let words = folder.refused(&format!("devnode --port 0 --state {}", file.display()));
    assert!(words.ends_with("not a dev chain state"), "{words}");
    assert_eq!(fs::read(&file).unwrap(), b"hello");
}
