//! Encodings, storage ranges, and other information about the node.

use alloy::{
    consensus::{Block, Header, ReceiptEnvelope, TxEnvelope},
    eips::eip2718::Decodable2718,
    primitives::{Address, B256, Bytes, U256, hex, keccak256},
    rlp::Decodable,
};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

/// The bytes that a method returns.
async fn bytes(chain: &Chain, method: &str, params: Value) -> Bytes {
    serde_json::from_value(chain.rpc(method, params).await).unwrap()
}

/// A chain whose block 8 has two transactions, and their hashes.
async fn with_two_transactions() -> (Chain, [Value; 2]) {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let transfer = json!([{"from": DEV_ADDRESS, "to": Address::repeat_byte(7)}]);
    let first = chain.rpc("eth_sendTransaction", transfer.clone()).await;
    let second = chain.rpc("eth_sendTransaction", transfer).await;
    chain.node.mine().await.unwrap();
    (chain, [first, second])
}

#[tokio::test]
async fn encodings_hash_to_what_the_chain_says() {
    let (chain, hashes) = with_two_transactions().await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["0x8", false])).await;
    let header = bytes(&chain, "debug_getRawHeader", json!(["0x8"])).await;
    assert_eq!(keccak256(&header).to_string(), block["hash"].as_str().unwrap());
    assert_eq!(Header::decode(&mut header.as_ref()).unwrap().number, 8);
    assert_eq!(bytes(&chain, "debug_getRawHeader", json!([block["hash"]])).await, header);

    let raw = bytes(&chain, "debug_getRawBlock", json!(["latest"])).await;
    let decoded = Block::<TxEnvelope>::decode(&mut raw.as_ref()).unwrap();
    let found: Vec<Value> = decoded.body.transactions.iter().map(|tx| json!(tx.hash())).collect();
    assert_eq!(found, hashes);

    let receipts = chain.rpc("debug_getRawReceipts", json!(["0x8"])).await;
    let receipts: Vec<Bytes> = serde_json::from_value(receipts).unwrap();
    let second = ReceiptEnvelope::decode_2718(&mut receipts[1].as_ref()).unwrap();
    assert_eq!(second.cumulative_gas_used(), 42_000);

    let raw = bytes(&chain, "debug_getRawTransaction", json!([hashes[1]])).await;
    assert_eq!(json!(keccak256(raw)), hashes[1]);
    let missing = chain.request("debug_getRawBlock", json!(["0xff"])).await;
    assert_eq!(missing["error"]["message"], "block #255 not found");
}

#[tokio::test]
async fn an_encoded_block_is_traced() {
    let (chain, hashes) = with_two_transactions().await;
    let raw = chain.rpc("debug_getRawBlock", json!(["0x8"])).await;
    let options = json!({"tracer": "callTracer"});
    let traces = chain.rpc("debug_traceBlock", json!([raw, options])).await;
    assert_eq!(traces, chain.rpc("debug_traceBlockByNumber", json!(["0x8", options])).await);
    assert_eq!((&traces[0]["txHash"], &traces[1]["txHash"]), (&hashes[0], &hashes[1]));
    let garbage = chain.request("debug_traceBlock", json!(["0x1234"])).await;
    let text = garbage["error"]["message"].as_str().unwrap();
    assert!(text.starts_with("could not decode block: rlp: "), "{text}");
}

#[tokio::test]
async fn storage_is_listed_by_the_hashes_of_its_keys() {
    let chain = Chain::start().await;
    // Stores 5 in the word that the calldata names.
    let contract = chain.deploy(&hex!("60055f35555f5ff3")).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    for key in [1_u64, 2, 3] {
        let call =
            json!([{"from": DEV_ADDRESS, "to": contract, "data": B256::from(U256::from(key))}]);
        chain.rpc("eth_sendTransaction", call).await;
    }
    chain.node.mine().await.unwrap();
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let range = async |index: u64, start: &str, limit: u64| {
        let params = json!([block["hash"], index, contract, start, limit]);
        chain.rpc("debug_storageRangeAt", params).await
    };
    assert_eq!(range(0, "0x", 10).await, json!({"storage": {}, "nextKey": null}));
    let before_third = range(2, "0x00", 10).await;
    assert_eq!(before_third["storage"].as_object().unwrap().len(), 2);
    let hash = keccak256(B256::with_last_byte(2)).to_string();
    let word = json!({"key": B256::with_last_byte(2), "value": B256::with_last_byte(5)});
    assert_eq!(before_third["storage"][&hash], word);

    let first = range(2, "0x00", 1).await;
    let next = first["nextKey"].as_str().unwrap();
    let second = range(2, next, 10).await;
    assert_eq!(
        (second["storage"].as_object().unwrap().len(), &second["nextKey"]),
        (1, &Value::Null)
    );
    assert!(second["storage"].get(next).is_some());
}

#[tokio::test]
async fn the_node_describes_itself() {
    let chain = Chain::start().await;
    assert_eq!(chain.rpc("net_listening", json!([])).await, true);
    assert_eq!(chain.rpc("net_peerCount", json!([])).await, "0x0");
    assert_eq!(chain.rpc("eth_networkId", json!([])).await, "412346");
    assert_eq!(chain.rpc("arb_checkPublisherHealth", json!([])).await, Value::Null);
    let accounts = chain.rpc("eth_accounts", json!([])).await;
    assert_eq!(chain.rpc("eth_requestAccounts", json!([])).await, accounts);
    let config = chain.rpc("eth_config", json!([])).await;
    let current = &config["current"];
    assert_eq!((&current["chainId"], &config["next"]), (&json!("0x64aba"), &Value::Null));
    assert_eq!(current["precompiles"].as_object().unwrap().len(), 18);
    assert_eq!(current["precompiles"]["P256VERIFY"], format!("{:#042x}", 0x100));
    let history = current["systemContracts"]["HISTORY_STORAGE_ADDRESS"].as_str().unwrap();
    let code = chain.rpc("eth_getCode", json!([history, "latest"])).await;
    assert!(code.as_str().unwrap().len() > 100);
    assert_eq!(current["forkId"].as_str().unwrap().len(), 10);
}
