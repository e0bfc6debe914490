//! The height of the parent chain, which contracts see as `block.number`.

use std::{path::PathBuf, time::Duration};

use alloy::{
    eips::BlockId,
    primitives::{Address, B256, U256, hex},
    providers::Provider,
    sol,
    sol_types::SolCall,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, Network};

use crate::support::Chain;

sol! {
    function blockL1Num(uint64 height) returns (uint64);
    function l2BlockRangeForL1(uint64 height) returns (uint64 first, uint64 last);
}

/// Code that returns NUMBER, and BLOCKHASH of the number in calldata.
const READER: &[u8] = &hex!("435f525f3540602052" "60405ff3");

/// `NodeInterface`.
const NODE_INTERFACE: Address = Address::with_last_byte(0xc8);

/// NUMBER, and the hash of block `number` of the parent chain.
async fn read(chain: &Chain, reader: Address, number: u64) -> (u64, B256) {
    let output = chain.call(reader, U256::from(number).to_be_bytes::<32>()).await.unwrap();
    (U256::from_be_slice(&output[..32]).to(), B256::from_slice(&output[32..]))
}

/// `l1BlockNumber` of the latest block.
async fn latest(chain: &Chain) -> Value {
    chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await["l1BlockNumber"].clone()
}

#[tokio::test]
async fn the_height_grows_with_time() {
    let l1_block_time = Some(Duration::from_secs(12));
    let chain = Chain::with(Config { l1_block_time, ..Config::any_port() }).await;
    let reader = chain.deploy(READER).await;
    assert_eq!(
        (read(&chain, reader, 0).await, latest(&chain).await),
        ((0, B256::ZERO), json!("0x0"))
    );
    let parent = chain.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
    chain.node.increase_time(Duration::from_hours(1)).await.unwrap();
    chain.node.mine().await.unwrap();
    let (number, hash) = read(&chain, reader, 299).await;
    assert!(number == 300 || number == 301, "{number}");
    assert_eq!(latest(&chain).await, format!("{number:#x}"));
    assert_ne!(hash, B256::ZERO);
    assert_eq!(read(&chain, reader, number - 1).await.1, parent.header.hash);
    assert_eq!(read(&chain, reader, number).await.1, B256::ZERO);
    assert_eq!(read(&chain, reader, number - 257).await.1, B256::ZERO);

    // Blocks 0 to 8 were made while the parent chain was at 0.
    let height = |call: Vec<u8>| chain.call(NODE_INTERFACE, call);
    let at = |height: u64| blockL1NumCall { height }.abi_encode();
    let output = height(at(9)).await.unwrap();
    assert_eq!(blockL1NumCall::abi_decode_returns(&output).unwrap(), number);
    let range = |height: u64| l2BlockRangeForL1Call { height }.abi_encode();
    let output = height(range(0)).await.unwrap();
    let found = l2BlockRangeForL1Call::abi_decode_returns(&output).unwrap();
    assert_eq!((found.first, found.last), (0, 8));
    assert!(height(range(5)).await.is_err());
}

#[tokio::test]
async fn the_height_can_be_set_and_stays_in_the_state_file() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("parent-chain.bin");
    // It may be left from the last time.
    let _ = std::fs::remove_file(&file);
    let config = Config { state: Some(file), ..Config::any_port() };
    let chain = Chain::with(config.clone()).await;
    assert_eq!(latest(&chain).await, "0x0", "it stands still");
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;
    chain.rpc("devnode_setL1BlockNumber", json!([1000])).await;
    chain.node.mine().await.unwrap();
    assert_eq!(latest(&chain).await, "0x3e8");
    chain.rpc("evm_revert", json!([snapshot])).await;
    chain.node.mine().await.unwrap();
    assert_eq!(latest(&chain).await, "0x0");

    chain.rpc("devnode_setL1BlockNumber", json!([2000])).await;
    chain.rpc("devnode_setL1BlockTime", json!([5])).await;
    chain.node.mine().await.unwrap();
    let response = chain.request("devnode_setL1BlockNumber", json!([1999])).await;
    let text = response["error"]["message"].as_str().unwrap();
    assert!(text.contains("cannot go back to 1999"), "{text}");
    chain.node.stop().await.unwrap();

    let chain = Chain::with(config).await;
    chain.node.increase_time(Duration::from_secs(500)).await.unwrap();
    chain.node.mine().await.unwrap();
    let height = latest(&chain).await.as_str().unwrap().parse::<U256>().unwrap().to::<u64>();
    assert!((2100..2110).contains(&height), "{height}");
}

#[tokio::test]
async fn arbitrum_one_has_a_block_of_ethereum_every_twelve_seconds() {
    let chain = Chain::with(Config { network: Network::ArbitrumOne, ..Config::any_port() }).await;
    chain.node.increase_time(Duration::from_mins(20)).await.unwrap();
    chain.node.mine().await.unwrap();
    let height = latest(&chain).await.as_str().unwrap().parse::<U256>().unwrap().to::<u64>();
    assert!(height == 100 || height == 101, "{height}");
}
