//! Parity's `trace_…` methods.

use alloy::primitives::{Address, hex};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

/// A chain with a contract that calls another and returns 7, and the hash of a call of it.
async fn with_nested_call() -> (Chain, [Address; 2], Value) {
    let chain = Chain::start().await;
    let inner = chain.deploy(&hex!("60015f55")).await;
    let code = format!("5f5f5f5f5f73{}5af15060075f5260205ff3", hex::encode(inner));
    let outer = chain.deploy(&hex::decode(code).unwrap()).await;
    let call = json!([{"from": DEV_ADDRESS, "to": outer}]);
    let hash = chain.rpc("eth_sendTransaction", call).await;
    (chain, [outer, inner], hash)
}

#[tokio::test]
async fn frames_of_a_transaction() {
    let (chain, [outer, inner], hash) = with_nested_call().await;
    let frames = chain.rpc("trace_transaction", json!([hash])).await;
    assert_eq!(frames.as_array().unwrap().len(), 2);
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    let to = |frame: &Value| frame["action"]["to"].as_str().unwrap().parse::<Address>().unwrap();
    assert_eq!((to(&frames[0]), to(&frames[1])), (outer, inner));
    assert_eq!((&frames[0]["traceAddress"], &frames[0]["subtraces"]), (&json!([]), &json!(1)));
    assert_eq!((&frames[1]["traceAddress"], &frames[1]["type"]), (&json!([0]), &json!("call")));
    assert_eq!(frames[0]["result"]["output"], format!("{:#066x}", 7));
    for name in ["blockHash", "transactionHash"] {
        assert_eq!(frames[1][name], receipt[name], "{name}");
    }
    assert_eq!(
        (&frames[1]["blockNumber"], &frames[1]["transactionPosition"]),
        (&json!(10), &json!(0))
    );

    assert_eq!(chain.rpc("trace_get", json!([hash, ["0x0"]])).await, frames[1]);
    assert_eq!(chain.rpc("trace_get", json!([hash, ["0x1"]])).await, Value::Null);
    assert_eq!(chain.rpc("trace_block", json!(["0xa"])).await, frames);
    assert_eq!(chain.rpc("trace_block", json!(["0xff"])).await, Value::Null);
    let unknown = json!(["0x".to_owned() + &"12".repeat(32)]);
    assert_eq!(chain.rpc("trace_transaction", unknown).await, Value::Null);
}

#[tokio::test]
async fn frames_are_filtered() {
    let (chain, [outer, inner], hash) = with_nested_call().await;
    let filter = async |filter: Value| {
        let frames = chain.rpc("trace_filter", json!([filter])).await;
        frames.as_array().unwrap().clone()
    };
    let from_outer = filter(json!({"fromAddress": [outer]})).await;
    assert_eq!(from_outer.len(), 1);
    assert_eq!(from_outer[0]["transactionHash"], hash);
    assert_eq!(
        filter(json!({"toAddress": [outer, inner]})).await.len(),
        4,
        "two creations, two calls"
    );
    let calls = json!({"toAddress": [outer, inner], "fromBlock": "0xa", "toBlock": "0xa"});
    assert_eq!(filter(calls.clone()).await.len(), 2);
    let mut page = calls;
    page["after"] = json!(1);
    page["count"] = json!(5);
    let second = filter(page).await;
    assert_eq!((second.len(), &second[0]["traceAddress"]), (1, &json!([0])));
    chain.rpc("anvil_mine", json!([1000])).await;
    let wide = chain.request("trace_filter", json!([{}])).await;
    assert_eq!(wide["error"]["message"], "too many blocks to trace: at most 1000 per request");
}

#[tokio::test]
async fn transactions_are_replayed() {
    let (chain, [_, inner], hash) = with_nested_call().await;
    let types = json!(["trace", "stateDiff", "vmTrace"]);
    let replayed = chain.rpc("trace_replayTransaction", json!([hash, types])).await;
    assert_eq!(replayed["output"], format!("{:#066x}", 7));
    assert_eq!(replayed["trace"].as_array().unwrap().len(), 2);
    let word = &replayed["stateDiff"][format!("{inner:#x}")]["storage"][format!("{:#066x}", 0)];
    assert_eq!(word["*"]["to"], format!("{:#066x}", 1), "{replayed}");
    assert!(!replayed["vmTrace"]["ops"].as_array().unwrap().is_empty());
    let block = chain.rpc("trace_replayBlockTransactions", json!(["0xa", ["trace"]])).await;
    assert_eq!(block[0]["transactionHash"], hash);
    assert_eq!(block[0]["trace"], replayed["trace"]);
    assert_eq!(block[0]["stateDiff"], Value::Null);
}

#[tokio::test]
async fn calls_are_traced_on_each_others_state() {
    let chain = Chain::start().await;
    // Adds one to its first word and returns it.
    let counter = chain.deploy(&hex!("5f54600101805f555f5260205ff3")).await;
    let call = json!({"from": DEV_ADDRESS, "to": counter});
    let one = chain.rpc("trace_call", json!([call, ["trace"], "latest"])).await;
    assert_eq!(one["output"], format!("{:#066x}", 1));
    assert_eq!(one["trace"][0]["action"]["callType"], "call");
    let two = chain
        .rpc("trace_callMany", json!([[[call, ["trace"]], [call, ["trace"]]], "latest"]))
        .await;
    assert_eq!(
        (&two[0]["output"], &two[1]["output"]),
        (&json!(format!("{:#066x}", 1)), &json!(format!("{:#066x}", 2)))
    );

    let signed = chain.rpc("eth_signTransaction", json!([call])).await;
    let raw = chain.rpc("trace_rawTransaction", json!([signed["raw"], ["trace"]])).await;
    assert_eq!(raw["output"], format!("{:#066x}", 1));
    assert_eq!(chain.rpc("eth_call", json!([call, "latest"])).await, format!("{:#066x}", 1));
}
