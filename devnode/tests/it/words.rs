//! Small things that tools rely on: options of dev methods, and the words of errors.

use alloy::{
    primitives::{Address, B256, hex, keccak256},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

/// Timestamp of a block.
async fn timestamp(chain: &Chain, height: u64) -> u64 {
    let block = chain.rpc("eth_getBlockByNumber", json!([format!("{height:#x}"), false])).await;
    u64::from_str_radix(&block["timestamp"].as_str().unwrap()[2..], 16).unwrap()
}

/// Code and text of the error of a request.
pub(crate) async fn error(chain: &Chain, method: &str, params: Value) -> (i64, String) {
    let response = chain.request(method, params).await;
    let error = &response["error"];
    let text = error["message"].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "{method}: {response}");
    (error["code"].as_i64().unwrap(), text.to_owned())
}

#[tokio::test]
async fn evm_mine_takes_options() {
    let chain = Chain::start().await;
    let time = timestamp(&chain, 7).await + 1000;
    assert_eq!(chain.rpc("evm_mine", json!([{"timestamp": time, "blocks": 3}])).await, "0x0");
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 10);
    assert_eq!(timestamp(&chain, 8).await, time);
    let hex_time = format!("{:#x}", time + 5000);
    chain.rpc("evm_mine", json!([{"timestamp": hex_time}])).await;
    assert_eq!(timestamp(&chain, 11).await, time + 5000);
    chain.rpc("evm_mine", json!([{"blocks": "0x2"}])).await;
    chain.rpc("evm_mine", json!([null])).await;
    chain.rpc("evm_mine", json!([time + 9000])).await;
    assert_eq!(timestamp(&chain, 15).await, time + 9000);
    assert_eq!(error(&chain, "evm_mine", json!([{"blocks": "many"}])).await.0, -32602);
    assert_eq!(error(&chain, "evm_mine", json!([{"blocks": 100_001}])).await.0, -32000);

    let mined = chain.rpc("anvil_mine_detailed", json!([{"blocks": 2}])).await;
    assert_eq!((&mined[0]["number"], &mined[1]["number"]), (&json!("0x10"), &json!("0x11")));
    assert_eq!(mined[1]["transactions"], json!([]));
}

#[tokio::test]
async fn the_first_block_of_anvil_mine_is_an_interval_away() {
    let chain = Chain::start().await;
    let begin = timestamp(&chain, 7).await;
    chain.rpc("anvil_mine", json!([2, 1000])).await;
    let first = timestamp(&chain, 8).await;
    assert!((1000..1060).contains(&(first - begin)), "{}", first - begin);
    assert_eq!(timestamp(&chain, 9).await, first + 1000);
    chain.rpc("hardhat_mine", json!(["0x2", "0x3e8"])).await;
    let without = timestamp(&chain, 10).await;
    assert!((0..60).contains(&(without - first - 1000)), "Hardhat mines the first at once");
    assert_eq!(timestamp(&chain, 11).await, without + 1000);
}

#[tokio::test]
async fn evm_set_time_takes_milliseconds_and_anvil_set_time_seconds() {
    let chain = Chain::start().await;
    let time = timestamp(&chain, 7).await + 100_000;
    let forward = chain.rpc("evm_setTime", json!([time * 1000 + 999])).await.as_u64().unwrap();
    assert!((99_000..=100_000).contains(&forward), "{forward}");
    chain.node.mine().await.unwrap();
    assert!((time..time + 60).contains(&timestamp(&chain, 8).await));
    chain.rpc("anvil_setTime", json!([time + 100_000])).await;
    chain.node.mine().await.unwrap();
    assert!((time + 100_000..time + 100_060).contains(&timestamp(&chain, 9).await));
    let seconds = error(&chain, "evm_setTime", json!([time])).await;
    assert!(seconds.1.ends_with("is before that of the latest block"), "{seconds:?}");
}

#[tokio::test]
async fn hardhat_drops_transactions_with_an_answer() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let transfer = json!([{"from": DEV_ADDRESS, "to": DEV_ADDRESS}]);
    let hash = chain.rpc("eth_sendTransaction", transfer.clone()).await;
    assert_eq!(chain.rpc("hardhat_dropTransaction", json!([hash])).await, true);
    assert_eq!(chain.rpc("hardhat_dropTransaction", json!([hash])).await, false);
    let hash = chain.rpc("eth_sendTransaction", transfer).await;
    chain.node.mine().await.unwrap();
    let (code, text) = error(&chain, "hardhat_dropTransaction", json!([hash])).await;
    assert_eq!(code, -32000);
    assert!(text.ends_with("cannot be dropped because it's already mined"), "{text}");
}

#[tokio::test]
async fn hardhats_helpers_recognise_the_node() {
    let chain = Chain::start().await;
    let version = chain.rpc("web3_clientVersion", json!([])).await;
    assert!(version.as_str().unwrap().starts_with("anvil/muster-devnode/v"), "{version}");
    assert_eq!(chain.rpc("anvil_metadata", json!([])).await["clientVersion"], version);
}

#[tokio::test]
async fn a_run_of_nonces_is_mined_in_one_block_in_any_order_of_arrival() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let other = chain.node.accounts()[1].address;
    let send = async |from: Address, nonce: u64| {
        let nonce = format!("{nonce:#x}");
        let request = json!({"from": from, "to": DEV_ADDRESS, "gas": "0x5208", "nonce": nonce});
        chain.rpc("eth_sendTransaction", json!([request])).await
    };
    let third = send(DEV_ADDRESS, 8).await;
    let status = chain.rpc("txpool_status", json!([])).await;
    assert_eq!(status, json!({"pending": "0x0", "queued": "0x1"}));
    let others = send(other, 0).await;
    let second = send(DEV_ADDRESS, 7).await;
    let after_gap = send(DEV_ADDRESS, 10).await;
    let first = send(DEV_ADDRESS, 6).await;
    chain.node.mine().await.unwrap();
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["transactions"], json!([first, others, second, third]));
    let status = chain.rpc("txpool_status", json!([])).await;
    assert_eq!(status, json!({"pending": "0x0", "queued": "0x1"}));
    let queued = chain.rpc("txpool_contentFrom", json!([DEV_ADDRESS])).await;
    assert_eq!(queued["queued"]["10"]["hash"], after_gap);
    assert_eq!(queued["pending"], json!({}));
    assert_eq!(
        chain.rpc("txpool_contentFrom", json!([other])).await,
        json!({"pending": {}, "queued": {}})
    );
    let waiting = chain.rpc("eth_pendingTransactions", json!([])).await;
    assert_eq!(waiting.as_array().unwrap().len(), 1);
    assert_eq!((&waiting[0]["hash"], &waiting[0]["blockHash"]), (&after_gap, &Value::Null));
}

#[tokio::test]
async fn unknown_fields_of_state_overrides_are_ignored() {
    let chain = Chain::start().await;
    let account = Address::repeat_byte(9);
    let overrides = json!({account.to_string(): {"balance": "0x5", "nothing": 1}});
    // SELFBALANCE of the account.
    let code =
        json!({account.to_string(): {"balance": "0x5", "code": "0x475f5260205ff3", "x": {}}});
    let call = json!({"to": account});
    assert_eq!(chain.rpc("eth_call", json!([call, "latest", overrides])).await, "0x");
    let result = chain.rpc("eth_call", json!([call, "latest", code])).await;
    assert_eq!(result, format!("{:#066x}", 5));
    let traced = json!([call, "latest", {"stateOverrides": code, "tracer": "callTracer"}]);
    assert_eq!(chain.rpc("debug_traceCall", traced).await["output"], result);
}

#[tokio::test]
async fn a_log_matches_a_filter_only_if_it_has_as_many_topics() {
    let chain = Chain::start().await;
    // LOG2 with the topics 2 and 1.
    let contract = chain.deploy(&hex!("600160025f5fa2")).await;
    let call = json!([{"from": DEV_ADDRESS, "to": contract}]);
    chain.rpc("eth_sendTransaction", call).await;
    let word = |number: u8| B256::with_last_byte(number);
    for (topics, count) in [
        (json!([]), 1),
        (json!([null, null]), 1),
        (json!([null, null, null]), 0),
        (json!([null, null, null, null]), 0),
        (json!([word(2), word(1)]), 1),
        (json!([[word(3), word(2)], []]), 1),
        (json!([word(2), [word(3), null]]), 1),
        (json!([word(1)]), 0),
        (json!([word(2), word(1), word(0), word(0)]), 0),
    ] {
        let filter = json!([{"address": contract, "topics": topics, "unknown": 1}]);
        let logs = chain.rpc("eth_getLogs", filter).await;
        assert_eq!(logs.as_array().unwrap().len(), count, "{topics}");
    }
}

#[tokio::test]
async fn bad_filters_get_the_words_of_geth() {
    let chain = Chain::start().await;
    let hash = B256::ZERO;
    for (filter, text) in [
        (
            json!({"address": "0x12"}),
            "invalid address: hex has invalid length 1 after decoding; expected 20 for address",
        ),
        (json!({"address": "1234"}), "invalid address: hex string without 0x prefix"),
        (json!({"address": ""}), "invalid address: empty hex string"),
        (json!({"address": "0x1"}), "invalid address: hex string of odd length"),
        (json!({"address": "0xzz"}), "invalid address: invalid hex string"),
        (
            json!({"address": [DEV_ADDRESS, "0x12"]}),
            "invalid address at index 1: hex has invalid length 1 after decoding; expected 20 for address",
        ),
        (json!({"address": [1]}), "non-string address at index 0"),
        (json!({"address": 1}), "invalid addresses in query"),
        (
            json!({"topics": ["0x12"]}),
            "hex has invalid length 1 after decoding; expected 32 for topic",
        ),
        (
            json!({"topics": [["0x12"]]}),
            "hex has invalid length 1 after decoding; expected 32 for topic",
        ),
        (json!({"topics": [1]}), "invalid topic(s)"),
        (json!({"topics": [[1]]}), "invalid topic(s)"),
        (json!({"fromBlock": "5"}), "hex string without 0x prefix"),
        (json!({"toBlock": "0x"}), "hex string \"0x\""),
        (json!({"fromBlock": "0x01"}), "hex number with leading zero digits"),
        (
            json!({"blockHash": hash, "toBlock": "0x1"}),
            "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other",
        ),
    ] {
        for method in ["eth_getLogs", "eth_newFilter"] {
            let (code, message) = error(&chain, method, json!([filter])).await;
            let expected = (-32602, format!("invalid argument 0: {text}"));
            assert_eq!((code, message), expected, "{filter}");
        }
    }
}

#[tokio::test]
async fn storage_keys_are_decoded_after_the_other_arguments() {
    let chain = Chain::start().await;
    let long = format!("0x{}", "00".repeat(33));
    let text = "unable to decode storage key: hex string too long, want at most 32 bytes";
    let error_of = |key: &str, block: &str| {
        let params = json!([DEV_ADDRESS, key, block]);
        let chain = &chain;
        async move { error(chain, "eth_getStorageAt", params).await }
    };
    assert_eq!(error_of(&long, "latest").await, (-32000, text.to_owned()));
    let text = "unable to decode storage key: hex string invalid";
    assert_eq!(error_of("0xzz", "latest").await, (-32000, text.to_owned()));
    assert_eq!(error_of(&long, "newest").await.0, -32602);
    let proof = error(&chain, "eth_getProof", json!([DEV_ADDRESS, [long], "latest"])).await;
    assert_eq!(proof, (-32000, "hex string too long, want at most 32 bytes".to_owned()));
}

#[tokio::test]
async fn traces_of_missing_blocks_name_the_block() {
    let chain = Chain::start().await;
    let hash = B256::repeat_byte(0x12);
    let missing = format!("block {hash} not found");
    let call = json!({"to": DEV_ADDRESS});
    for (method, params, text) in [
        ("debug_traceBlockByNumber", json!(["0xff"]), "block #255 not found"),
        ("debug_traceBlockByHash", json!([hash]), missing.as_str()),
        ("debug_traceCall", json!([call, "0xff"]), "block #255 not found"),
        ("debug_traceCall", json!([call, {"blockHash": hash}]), missing.as_str()),
        ("debug_traceCall", json!([call, "pending"]), "tracing on top of pending is not supported"),
    ] {
        assert_eq!(error(&chain, method, params).await, (-32000, text.to_owned()), "{method}");
    }
}

#[tokio::test]
async fn the_prestate_contains_code_hashes() {
    let chain = Chain::start().await;
    let code = hex!("60015f55");
    let contract = chain.deploy(&code).await;
    let call = json!([{"from": DEV_ADDRESS, "to": contract}]);
    let hash = chain.rpc("eth_sendTransaction", call).await;
    let address = format!("{contract:#x}");
    for disable in [false, true] {
        let config = json!({"tracer": "prestateTracer", "tracerConfig": {"disableCode": disable}});
        let trace = chain.rpc("debug_traceTransaction", json!([hash, config])).await;
        assert_eq!(trace[&address]["codeHash"], keccak256(code).to_string());
        assert_eq!(trace[format!("{DEV_ADDRESS:#x}")].get("codeHash"), None);
    }

    let creation = json!([{"from": DEV_ADDRESS, "data": "0x60015ff3"}]);
    let creation = chain.rpc("eth_sendTransaction", creation).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([creation])).await;
    let config = json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}});
    let trace = chain.rpc("debug_traceTransaction", json!([creation, config])).await;
    let created = receipt["contractAddress"].as_str().unwrap();
    assert_eq!(trace["post"][created]["codeHash"], keccak256([0]).to_string());
    let trace = chain.rpc("debug_traceTransaction", json!([hash, config])).await;
    assert_eq!(trace["pre"][&address]["codeHash"], keccak256(code).to_string());
    assert_eq!(trace["post"][&address].get("codeHash"), None, "the code is the same");
}
