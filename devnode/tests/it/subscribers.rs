//! Subscribers that do not read, over a bare WebSocket: they receive what fits into the buffers,
//! without a gap, and then the end of the subscription.

use alloy::primitives::U64;
use serde_json::json;

use crate::{hostile::assert_healthy, socket::Socket, support::Chain};

/// Number of blocks whose headers fill every buffer between the chain and a subscriber.
const BLOCKS: u64 = 15_000;

#[tokio::test]
async fn a_slow_subscriber_gets_no_gap_but_an_end() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    socket.send("eth_subscribe", json!(["newHeads"])).await;
    let subscription = socket.receive().await["result"].take();
    chain.rpc("anvil_mine", json!([U64::from(BLOCKS)])).await;
    assert_healthy(&chain).await;

    let mut next = 8;
    let end = loop {
        let params = socket.receive().await["params"].take();
        assert_eq!(params["subscription"], subscription);
        let Some(height) = params["result"]["number"].as_str() else { break params };
        assert_eq!(height, format!("{next:#x}"));
        next += 1;
    };
    let text = end["error"].as_str().unwrap();
    let missed = text.strip_prefix("subscription ended: the subscriber is ").unwrap();
    let missed: u64 = missed.strip_suffix(" blocks behind").unwrap().parse().unwrap();
    assert!((1..BLOCKS).contains(&missed), "{missed}");

    socket.send("eth_unsubscribe", json!([subscription])).await;
    assert_eq!(
        socket.receive().await["error"]["message"],
        "subscription not found",
        "it has ended"
    );
    socket.send("eth_subscribe", json!(["newHeads"])).await;
    assert!(socket.receive().await["result"].is_string(), "it may subscribe again");
    chain.node.mine().await.unwrap();
    let head = socket.receive().await;
    assert_eq!(head["params"]["result"]["number"], format!("{:#x}", BLOCKS + 8));
}
