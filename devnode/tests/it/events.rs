//! Logs: queried directly, through installed filters, and by subscription.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, U256, hex},
    providers::{Provider, ProviderBuilder, WsConnect},
    rpc::types::{Filter, TransactionRequest},
};
use serde_json::{Value, json};

use crate::support::Chain;

/// A contract that logs its calldata with topic 1.
async fn logger(chain: &Chain) -> Address {
    chain.deploy(&hex!("365f5f376001365fa1")).await
}

/// Makes a contract emit a log.
async fn log(chain: &Chain, contract: Address, data: &[u8]) -> u64 {
    let request = TransactionRequest::default().with_to(contract).with_input(data.to_vec());
    chain.send(request).await.block_number.unwrap()
}

/// The topic of the log.
fn topic() -> B256 {
    U256::ONE.into()
}

#[tokio::test]
async fn logs_are_found_by_block_address_and_topic() {
    let chain = Chain::start().await;
    let contract = logger(&chain).await;
    let first = log(&chain, contract, b"a").await;
    let second = log(&chain, contract, b"b").await;
    let find = |filter: Filter| {
        let provider = chain.provider.clone();
        async move {
            let logs = provider.get_logs(&filter).await.unwrap();
            logs.iter().map(|log| log.data().data[0]).collect::<Vec<_>>()
        }
    };
    let all = Filter::new().address(contract).from_block(0);
    assert_eq!(find(all.clone()).await, b"ab");
    assert_eq!(find(all.clone().event_signature(topic())).await, b"ab");
    assert_eq!(find(all.clone().event_signature(B256::ZERO)).await, b"");
    assert_eq!(find(all.clone().from_block(second)).await, b"b");
    assert_eq!(find(all.from_block(first).to_block(first)).await, b"a");
    assert_eq!(find(Filter::new().from_block(0).address(Address::ZERO)).await, b"");
    let block = chain.provider.get_block_by_number(first.into()).await.unwrap().unwrap();
    assert_eq!(find(Filter::new().at_block_hash(block.header.hash)).await, b"a");
}

#[tokio::test]
async fn invalid_ranges_are_rejected() {
    let chain = Chain::start().await;
    let cases = [
        (json!([{"fromBlock": "0x5", "toBlock": "0x4"}]), -32000, "invalid block range params"),
        (json!([{"fromBlock": "0x0", "toBlock": "0xfff"}]), -32000, "invalid block range params"),
        (json!([{"toBlock": "pending"}]), -32000, "pending logs are not supported"),
        (json!([{"blockHash": B256::ZERO}]), -32000, "unknown block"),
        (json!([{"topics": [null, null, null, null, null]}]), -32602, "exceed max topics"),
    ];
    for (params, code, text) in cases {
        let response = chain.request("eth_getLogs", params).await;
        assert_eq!(response["error"], json!({"code": code, "message": text}));
    }
}

#[tokio::test]
async fn a_filter_reports_each_event_once() {
    let chain = Chain::start().await;
    let contract = logger(&chain).await;
    log(&chain, contract, b"before").await;
    let filter = chain.rpc("eth_newFilter", json!([{"address": contract}])).await;
    let changes = || chain.rpc("eth_getFilterChanges", json!([filter]));
    assert_eq!(changes().await, json!([]));
    log(&chain, contract, b"a").await;
    log(&chain, contract, b"b").await;
    let seen: Vec<Value> =
        changes().await.as_array().unwrap().iter().map(|log| log["data"].clone()).collect();
    assert_eq!(seen, ["0x61", "0x62"]);
    assert_eq!(changes().await, json!([]));
    assert_eq!(chain.rpc("eth_uninstallFilter", json!([filter])).await, true);
    let gone = chain.request("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(gone["error"]["message"], "filter not found");
}

#[tokio::test]
async fn a_block_filter_reports_hashes() {
    let chain = Chain::start().await;
    let filter = chain.rpc("eth_newBlockFilter", json!([])).await;
    chain.node.mine().await.unwrap();
    let latest = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let changes = chain.rpc("eth_getFilterChanges", json!([filter])).await;
    assert_eq!(changes, json!([latest["hash"]]));
}

#[tokio::test]
async fn subscribers_receive_heads_and_logs() {
    let chain = Chain::start().await;
    let contract = logger(&chain).await;
    let socket =
        ProviderBuilder::new().connect_ws(WsConnect::new(chain.node.ws_url())).await.unwrap();
    let mut heads = socket.subscribe_blocks().await.unwrap();
    let filter = Filter::new().address(contract).event_signature(topic());
    let mut logs = socket.subscribe_logs(&filter).await.unwrap();
    let height = log(&chain, contract, b"x").await;
    let head = heads.recv().await.unwrap();
    assert_eq!(head.number, height);
    let event = logs.recv().await.unwrap();
    assert_eq!((event.block_number, event.data().data.as_ref()), (Some(height), b"x".as_slice()));
    assert_eq!(event.block_hash, Some(head.hash));
}
