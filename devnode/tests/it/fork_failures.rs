//! Forks whose node or cache fails.

use std::fs;

use alloy::{
    primitives::{Address, B256, U256},
    providers::Provider,
    transports::http::reqwest::StatusCode,
};
use muster_node_proxy::{Behavior, NodeProxy, Words};
use serde_json::json;
use stylus_devnode::{Config, DEV_ADDRESS};

use crate::{
    forks::{ACCOUNT, COUNTER, count, counted, folder, fork_of, start_error},
    support::Chain,
};

/// Returns the word in slot 0.
const READER: &str = r#"(module
    (import "vm_hooks" "storage_load_bytes32" (func $load (param i32 i32)))
    (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
    (memory (export "memory") 1 1)
    (func (export "user_entrypoint") (param i32) (result i32)
        (call $load (i32.const 0) (i32.const 32))
        (call $write_result (i32.const 32) (i32.const 32))
        (i32.const 0)))"#;

#[tokio::test]
async fn a_cache_of_another_chain_is_refused() {
    let folder = folder("other");
    let (one, other) = (Chain::start().await, Chain::start().await);
    // Chains of one second have the same first blocks.
    one.rpc("evm_mine", json!([])).await;
    other.rpc("evm_increaseTime", json!([100])).await;
    other.rpc("evm_mine", json!([])).await;
    let config =
        |chain: &Chain| Config { fork_cache: Some(folder.clone()), ..fork_of(&chain.node.url()) };
    Chain::with(config(&one)).await;
    let refused = start_error(config(&other)).await;
    assert!(refused.contains("reorganised or is another one"), "{refused}");
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_program_whose_storage_cannot_be_fetched_runs_later() {
    let origin = Chain::start().await;
    let program = origin.program(READER).await;
    origin.rpc("anvil_setStorageAt", json!([program, "0x0", B256::with_last_byte(7)])).await;
    let refusing = Behavior::Refuses(&["eth_getStorageAt"], -32_000, "not now");
    let proxy = NodeProxy::start(&origin.node.url()).await.unwrap();
    let fork = Chain::with(fork_of(&proxy.url)).await;
    // Fetches the program and ArbOS's words, not the program's storage.
    fork.rpc("eth_call", json!([{"to": program}, "latest", {program.to_string(): {"state": {}}}]))
        .await;
    proxy.change_behavior(refusing);
    let failed = fork.request("eth_call", json!([{"to": program}])).await;
    let message = failed["error"]["message"].as_str().unwrap();
    assert!(message.contains("rejects eth_getStorageAt: not now"), "{failed}");
    proxy.change_behavior(Behavior::Healthy);
    assert_eq!(counted(&fork, program).await, 7);
}

#[tokio::test]
async fn rate_limits_are_respected() {
    let origin = Chain::start().await;
    let counter = origin.deploy(COUNTER).await;
    for words in [Words::Status, Words::Header(1), Words::Data] {
        let behavior = Behavior::PerSecond(20, words);
        let proxy = NodeProxy::start_with(&origin.node.url(), behavior).await.unwrap();
        let fork = Chain::with(fork_of(&proxy.url)).await;
        assert_eq!(counted(&fork, counter).await, 0, "{words:?}");
    }
}

#[tokio::test]
async fn a_failed_fetch_changes_nothing() {
    let origin = Chain::start().await;
    let counter = origin.deploy(COUNTER).await;
    let proxy = NodeProxy::start(&origin.node.url()).await.unwrap();
    let fork = Chain::with(fork_of(&proxy.url)).await;
    let block = fork.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    proxy.change_behavior(Behavior::HttpError(StatusCode::INTERNAL_SERVER_ERROR));
    let send = json!([{"from": DEV_ADDRESS, "to": counter, "gas": "0xfffff"}]);
    let failed = fork.request("eth_sendTransaction", send.clone()).await;
    assert!(failed["error"]["message"].as_str().unwrap().contains("does not answer"), "{failed}");
    assert_eq!(fork.rpc("eth_getBlockByNumber", json!(["latest", false])).await, block);
    assert_eq!(fork.rpc("txpool_status", json!([])).await["pending"], "0x0");
    let other = Chain::start().await;
    proxy.change_behavior(Behavior::OtherChain(other.node.url()));
    let failed = fork.request("eth_sendTransaction", send.clone()).await;
    assert!(
        failed["error"]["message"].as_str().unwrap().contains("is of chain 1, but"),
        "{failed}"
    );
    proxy.change_behavior(Behavior::Healthy);
    fork.rpc("eth_sendTransaction", send).await;
    assert_eq!(counted(&fork, counter).await, 1);
    // Mining takes the transactions out of the pool, and a failure puts them back.
    let other = origin.deploy(COUNTER).await;
    fork.rpc("anvil_reset", json!([{"forking": {}}])).await;
    fork.rpc("evm_setAutomine", json!([false])).await;
    // What every block reads is fetched now.
    fork.node.mine().await.unwrap();
    let send = json!([{"from": DEV_ADDRESS, "to": other, "gas": "0xfffff"}]);
    fork.rpc("eth_sendTransaction", send).await;
    proxy.change_behavior(Behavior::NotJson);
    let failed = fork.request("evm_mine", json!([])).await;
    assert!(failed["error"]["message"].as_str().unwrap().contains("does not answer"), "{failed}");
    assert_eq!(fork.rpc("txpool_status", json!([])).await["pending"], "0x1");
    proxy.change_behavior(Behavior::Healthy);
    fork.rpc("evm_setAutomine", json!([true])).await;
    assert_eq!(counted(&fork, other).await, 1);
    let counter = other;
    let snapshot = fork.rpc("evm_snapshot", json!([])).await;
    assert_eq!(snapshot, "0x0", "requests leave no snapshots");
    count(&fork, counter).await;
    fork.rpc("evm_revert", json!([snapshot])).await;
    assert_eq!(counted(&fork, counter).await, 1);
}

#[tokio::test]
async fn what_cannot_be_forked_is_refused() {
    let origin = Chain::start().await;
    let (url, height) = (origin.node.url(), origin.provider.get_block_number().await.unwrap());
    for bad in ["", "nowhere", "ws://127.0.0.1:1"] {
        let message = start_error(fork_of(bad)).await;
        assert!(message.contains("is not a URL of HTTP"), "{bad}: {message}");
    }
    let nowhere = start_error(Config { fork_block: Some(7), ..Config::any_port() }).await;
    assert!(nowhere.contains("block 7 of which chain? Name it with --fork-url"), "{nowhere}");
    let silent = start_error(fork_of("http://127.0.0.1:1/key")).await;
    assert!(silent.contains("127.0.0.1:1 does not answer") && !silent.contains("/key"), "{silent}");
    let future = Config { fork_block: Some(height + 1), ..fork_of(&url) };
    let future = start_error(future).await;
    assert!(
        future.contains(&format!("no block {}: its latest is {height}", height + 1)),
        "{future}"
    );
    let refusing = Behavior::Refuses(&["eth_getCode"], -32_000, "missing trie node");
    let proxy = NodeProxy::start_with(&url, refusing).await.unwrap();
    let pruned = start_error(fork_of(&proxy.url)).await;
    assert!(pruned.contains("missing trie node") && pruned.contains("archive node"), "{pruned}");
    let refusing = Behavior::Refuses(&["eth_getCode"], -32_000, "header not found");
    let proxy = NodeProxy::start_with(&url, refusing).await.unwrap();
    let gone = start_error(fork_of(&proxy.url)).await;
    assert!(gone.contains("header not found; if it no longer has"), "{gone}");
    let not_json = NodeProxy::start_with(&url, Behavior::NotJson).await.unwrap();
    assert!(start_error(fork_of(&not_json.url)).await.contains("does not answer"));
    let arb_sys = Address::with_last_byte(0x64);
    origin.rpc("anvil_setCode", json!([arb_sys, "0x"])).await;
    let other = start_error(fork_of(&url)).await;
    assert!(other.contains("not an Arbitrum chain"), "{other}");
}

#[tokio::test]
async fn the_library_tells_that_a_fork_cannot_be_read() {
    let origin = Chain::start().await;
    let proxy = NodeProxy::start(&origin.node.url()).await.unwrap();
    let fork = Chain::with(fork_of(&proxy.url)).await;
    proxy.change_behavior(Behavior::NotJson);
    let failed = fork.node.set_balance(ACCOUNT, U256::ONE).await.unwrap_err().to_string();
    assert!(failed.contains("does not answer eth_"), "{failed}");
    proxy.change_behavior(Behavior::Healthy);
    fork.node.set_balance(ACCOUNT, U256::ONE).await.unwrap();
    assert_eq!(fork.provider.get_balance(ACCOUNT).await.unwrap(), U256::ONE);
}
