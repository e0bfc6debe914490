//! Snapshots, resets and dumps.

use alloy::{
    primitives::{Address, Bytes, U256, address},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::{Chain, init_code};

/// An account to observe.
const ACCOUNT: Address = address!("00000000000000000000000000000000000f41e0");

/// Increments the word in slot 0 and returns the old one.
const COUNTER: &[u8] =
    &[0x5f, 0x54, 0x60, 1, 1, 0x80, 0x5f, 0x55, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3];

/// Everything that a snapshot must restore.
async fn state_summary(chain: &Chain, counter: Address) -> Value {
    json!({
        "block": chain.rpc("eth_getBlockByNumber", json!(["latest", true])).await,
        "friend": chain.rpc("eth_getBalance", json!([ACCOUNT, "latest"])).await,
        "dev": chain.rpc("eth_getBalance", json!([DEV_ADDRESS, "latest"])).await,
        "nonce": chain.rpc("eth_getTransactionCount", json!([DEV_ADDRESS, "pending"])).await,
        "code": chain.rpc("eth_getCode", json!([ACCOUNT, "latest"])).await,
        "slot": chain.rpc("eth_getStorageAt", json!([counter, "0x0", "latest"])).await,
        "logs": chain.rpc("eth_getLogs", json!([{"fromBlock": "0x0"}])).await,
        "pool": chain.rpc("txpool_content", json!([])).await,
    })
}

/// Increments the counter, changes an account's balance and code, and moves the clock.
async fn change(chain: &Chain, counter: Address) {
    let request = json!({"from": DEV_ADDRESS, "to": counter, "gas": "0xffff"});
    chain.rpc("eth_sendTransaction", json!([request])).await;
    let balance = chain.provider.get_balance(ACCOUNT).await.unwrap() + U256::ONE;
    chain.rpc("anvil_setBalance", json!([ACCOUNT, balance])).await;
    chain.rpc("anvil_setCode", json!([ACCOUNT, "0x00"])).await;
    chain.rpc("anvil_setStorageAt", json!([ACCOUNT, "0x0", "0x7"])).await;
    chain.rpc("evm_increaseTime", json!([86_400])).await;
    chain.rpc("evm_mine", json!([])).await;
}

#[tokio::test]
async fn a_snapshot_restores_everything() {
    let chain = Chain::start().await;
    let counter = chain.deploy(COUNTER).await;
    change(&chain, counter).await;
    let before = state_summary(&chain, counter).await;
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;
    change(&chain, counter).await;
    let hash = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await["hash"].take();
    assert_ne!(state_summary(&chain, counter).await, before);

    assert_eq!(chain.rpc("evm_revert", json!([snapshot])).await, true);
    assert_eq!(state_summary(&chain, counter).await, before);
    assert_eq!(chain.rpc("eth_getBlockByHash", json!([hash, false])).await, Value::Null);
    assert_eq!(chain.rpc("evm_revert", json!([snapshot])).await, false, "it is used up");

    chain.rpc("evm_mine", json!([])).await;
    let after = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let time = |block: &Value| {
        u64::from_str_radix(&block["timestamp"].as_str().unwrap()[2..], 16).unwrap()
    };
    let passed = time(&after) - time(&before["block"]);
    assert!(passed < 3600, "the clock was not restored: {passed} seconds");
}

#[tokio::test]
async fn reverting_discards_later_snapshots() {
    let chain = Chain::start().await;
    let counter = chain.deploy(COUNTER).await;
    let mut pictures = Vec::new();
    for number in 0..4 {
        pictures.push(state_summary(&chain, counter).await);
        assert_eq!(chain.rpc("anvil_snapshot", json!([])).await, json!(format!("{number:#x}")));
        change(&chain, counter).await;
    }
    assert_eq!(chain.rpc("anvil_revert", json!(["0x2"])).await, true);
    assert_eq!(state_summary(&chain, counter).await, pictures[2]);
    assert_eq!(chain.rpc("anvil_revert", json!(["0x3"])).await, false, "it was later");
    change(&chain, counter).await;
    assert_eq!(chain.rpc("anvil_revert", json!(["0x0"])).await, true);
    assert_eq!(state_summary(&chain, counter).await, pictures[0]);
    assert_eq!(chain.rpc("anvil_revert", json!(["0x9"])).await, false);
    assert_eq!(chain.rpc("evm_snapshot", json!([])).await, "0x4", "numbers are not used again");
}

#[tokio::test]
async fn filters_are_reverted_with_the_chain() {
    let chain = Chain::start().await;
    let filter = chain.rpc("eth_newBlockFilter", json!([])).await;
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;
    chain.rpc("anvil_mine", json!([5])).await;
    let changes = async || {
        let changes = chain.rpc("eth_getFilterChanges", json!([filter])).await;
        changes.as_array().unwrap().len()
    };
    assert_eq!(changes().await, 5);
    chain.rpc("evm_revert", json!([snapshot])).await;
    chain.rpc("anvil_mine", json!([2])).await;
    assert_eq!(changes().await, 2);
}

#[tokio::test]
async fn pooled_transactions_are_restored() {
    let chain = Chain::start().await;
    let counter = chain.deploy(COUNTER).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let request = json!([{"from": DEV_ADDRESS, "to": ACCOUNT}]);
    chain.rpc("eth_sendTransaction", request.clone()).await;
    let before = state_summary(&chain, counter).await;
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;
    chain.rpc("eth_sendTransaction", request).await;
    chain.rpc("evm_mine", json!([])).await;
    chain.rpc("evm_revert", json!([snapshot])).await;
    assert_eq!(state_summary(&chain, counter).await, before);
}

#[tokio::test]
async fn a_chain_can_be_reset() {
    let chain = Chain::start().await;
    let counter = chain.deploy(COUNTER).await;
    change(&chain, counter).await;
    chain.rpc("hardhat_reset", json!([])).await;
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7);
    assert!(chain.provider.get_code_at(counter).await.unwrap().is_empty());
    let request = json!([{"from": DEV_ADDRESS, "input": Bytes::from(init_code(COUNTER))}]);
    let hash = chain.rpc("eth_sendTransaction", request).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["contractAddress"], json!(counter), "as at the first time");
    let fork = json!([{"forking": {"jsonRpcUrl": "http://localhost:1"}}]);
    let refused = chain.request("anvil_reset", fork).await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("localhost:1 does not answer"));
}

#[tokio::test]
async fn a_dump_restores_the_chain_in_another_node() {
    let (chain, other) = (Chain::start().await, Chain::start().await);
    let counter = chain.deploy(COUNTER).await;
    let program = chain
        .program(
            r#"(module (memory (export "memory") 1 1)
                (func (export "user_entrypoint") (param i32) (result i32) (i32.const 0)))"#,
        )
        .await;
    change(&chain, counter).await;
    chain.rpc("anvil_impersonateAccount", json!([ACCOUNT])).await;
    chain.rpc("anvil_setBalance", json!([ACCOUNT, "0xde0b6b3a7640000"])).await;
    let unsigned = json!([{"from": ACCOUNT, "to": DEV_ADDRESS}]);
    let unsigned = chain.rpc("eth_sendTransaction", unsigned).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    chain.rpc("eth_sendTransaction", json!([{"from": DEV_ADDRESS, "to": ACCOUNT}])).await;
    let dump = chain.rpc("anvil_dumpState", json!([])).await;

    assert_eq!(other.rpc("anvil_loadState", json!([dump])).await, true);
    assert_eq!(state_summary(&other, counter).await, state_summary(&chain, counter).await);
    for height in 0..=chain.provider.get_block_number().await.unwrap() {
        let height = format!("{height:#x}");
        for (method, params) in [
            ("eth_getBlockByNumber", json!([height, true])),
            ("eth_getBlockReceipts", json!([height])),
            ("eth_getBalance", json!([DEV_ADDRESS, height])),
            ("eth_getStorageAt", json!([counter, "0x0", height])),
            ("eth_getTransactionCount", json!([DEV_ADDRESS, height])),
        ] {
            let here = chain.rpc(method, params.clone()).await;
            assert_eq!(other.rpc(method, params).await, here, "{method} at {height}");
        }
    }
    let receipt = other.rpc("eth_getTransactionReceipt", json!([unsigned])).await;
    assert_eq!(receipt["from"], json!(ACCOUNT));
    assert!(other.call(program, Vec::new()).await.is_ok(), "still activated");
    assert_eq!(other.rpc("anvil_getAutomine", json!([])).await, false);
    assert_eq!(
        other.rpc("anvil_dumpState", json!([])).await.as_str().unwrap().len(),
        dump.as_str().unwrap().len()
    );
}

#[tokio::test]
async fn invalid_dumps_are_rejected() {
    let chain = Chain::start().await;
    let dump = chain.rpc("anvil_dumpState", json!([])).await;
    let dump: Bytes = dump.as_str().unwrap().parse().unwrap();
    let (mut newer, mut corrupted) = (dump.to_vec(), dump.to_vec());
    newer[8] = 9;
    corrupted[dump.len() / 2] ^= 1;
    for (bytes, reason) in [
        (Vec::new(), "not a dev chain state"),
        (b"hello there, world".to_vec(), "not a dev chain state"),
        (newer, "unsupported version 9; this program reads version 3"),
        (corrupted, "corrupted: checksum mismatch"),
        (dump[..dump.len() - 1].to_vec(), "corrupted: checksum mismatch"),
        (dump[..20].to_vec(), "corrupted: checksum mismatch"),
    ] {
        let response = chain.request("anvil_loadState", json!([Bytes::from(bytes)])).await;
        assert_eq!(response["error"]["message"], format!("cannot load the state: {reason}"));
    }
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7, "nothing has changed");
}

#[tokio::test]
async fn the_node_describes_itself() {
    let (chain, other) = (Chain::start().await, Chain::start().await);
    chain.rpc("evm_snapshot", json!([])).await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let info = chain.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["currentBlockNumber"], "0x7");
    assert_eq!(info["currentBlockHash"], block["hash"]);
    assert_eq!(info["environment"]["chainId"], 412_346);
    assert_eq!(info["environment"]["baseFee"], "0x5f5e100");
    let metadata = chain.rpc("hardhat_metadata", json!([])).await;
    assert_eq!(metadata["latestBlockHash"], block["hash"]);
    assert_eq!(metadata["snapshots"], json!({"0x0": "0x7"}));
    let elsewhere = other.rpc("anvil_metadata", json!([])).await;
    assert_ne!(metadata["instanceId"], elsewhere["instanceId"]);
}
