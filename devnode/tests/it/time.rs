//! Time: system time, never backwards, moved forward by cheats.

use std::time::Duration;

use alloy::{eips::BlockId, providers::Provider};
use serde_json::json;
use stylus_devnode::Config;

use crate::support::Chain;

/// Timestamp of the latest block.
async fn now(chain: &Chain) -> u64 {
    let block = chain.provider.get_block(BlockId::latest()).await.unwrap().unwrap();
    block.header.timestamp
}

#[tokio::test]
async fn the_clock_can_be_moved_forward() {
    let chain = Chain::start().await;
    let before = now(&chain).await;
    // A chain that was made at the end of a second is one behind.
    let ahead = chain.rpc("evm_increaseTime", json!([3600])).await;
    assert!(ahead == 3600 || ahead == 3599, "{ahead}");
    assert_eq!(now(&chain).await, before, "no block yet");
    chain.rpc("evm_mine", json!([])).await;
    let after = now(&chain).await;
    assert!((3600..3700).contains(&(after - before)), "{before} to {after}");

    chain.node.increase_time(Duration::from_secs(1000)).await.unwrap();
    chain.node.mine().await.unwrap();
    assert!((1000..1100).contains(&(now(&chain).await - after)));
}

#[tokio::test]
async fn the_next_block_can_be_given_a_timestamp() {
    let chain = Chain::start().await;
    let time = now(&chain).await + 5_000_000;
    chain.rpc("evm_setNextBlockTimestamp", json!([time])).await;
    chain.node.mine().await.unwrap();
    assert_eq!(now(&chain).await, time);
    chain.node.mine().await.unwrap();
    assert!((time..time + 60).contains(&now(&chain).await), "the clock runs on from there");
    let past = chain.request("evm_setNextBlockTimestamp", json!([1])).await;
    assert_eq!(past["error"]["code"], -32000);
}

#[tokio::test]
async fn blocks_can_be_mined_on_request() {
    let chain = Chain::start().await;
    let begin = now(&chain).await;
    chain.rpc("anvil_mine", json!(["0x5", "0xa"])).await;
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 12);
    assert!(now(&chain).await >= begin + 40, "four gaps of ten seconds");
}

#[tokio::test]
async fn interval_mining_mines_blocks() {
    let block_time = Some(Duration::from_millis(20));
    let chain = Chain::with(Config { block_time, ..Config::any_port() }).await;
    let filter = chain.rpc("eth_newBlockFilter", json!([])).await;
    let mut blocks = 0;
    while blocks < 3 {
        let changes = chain.rpc("eth_getFilterChanges", json!([filter])).await;
        blocks += changes.as_array().unwrap().len();
    }
    assert!(chain.provider.get_block_number().await.unwrap() >= 10);
}

#[tokio::test]
async fn the_clock_can_be_set() {
    let chain = Chain::start().await;
    let time = now(&chain).await + 5_000_000;
    let ahead = chain.rpc("anvil_setTime", json!([time])).await.as_u64().unwrap();
    assert!((4_999_000..=5_000_000).contains(&ahead), "{ahead}");
    chain.node.mine().await.unwrap();
    assert!((time..time + 60).contains(&now(&chain).await));
    let past = chain.request("anvil_setTime", json!([1])).await;
    assert_eq!(past["error"]["message"], "timestamp 1 is before that of the latest block");
}

#[tokio::test]
async fn blocks_can_be_a_fixed_interval_apart() {
    let chain = Chain::start().await;
    let begin = now(&chain).await;
    chain.rpc("anvil_setBlockTimestampInterval", json!([1000])).await;
    chain.rpc("anvil_mine", json!([3])).await;
    assert_eq!(now(&chain).await, begin + 3000);
    assert_eq!(chain.rpc("anvil_removeBlockTimestampInterval", json!([])).await, true);
    assert_eq!(chain.rpc("anvil_removeBlockTimestampInterval", json!([])).await, false);
    chain.node.mine().await.unwrap();
    assert_eq!(now(&chain).await, begin + 3000, "never backwards");
}

#[tokio::test]
async fn a_timestamp_that_is_set_is_that_of_the_first_of_many_blocks() {
    let chain = Chain::start().await;
    let time = now(&chain).await + 5_000_000;
    chain.rpc("evm_setNextBlockTimestamp", json!([time])).await;
    chain.rpc("anvil_mine", json!([3, 0])).await;
    assert_eq!(now(&chain).await, time);
}
