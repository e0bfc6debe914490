//! WebSocket connections: ids, batches, and all kinds of subscriptions.

use alloy::primitives::{Address, B256, hex};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::{socket::Socket, support::Chain};

/// Sends one wei from the dev account and returns the hash.
async fn transfer(chain: &Chain) -> Value {
    let request = json!({"from": DEV_ADDRESS, "to": Address::repeat_byte(7), "value": "0x1"});
    chain.rpc("eth_sendTransaction", json!([request])).await
}

/// The content of a notification of a subscription.
fn content(mut message: Value, subscription: &Value) -> Value {
    assert_eq!(message["method"], "eth_subscription", "{message}");
    assert_eq!(&message["params"]["subscription"], subscription);
    message["params"]["result"].take()
}

#[tokio::test]
async fn ids_of_any_kind_are_echoed() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    for id in ["-1", "1.5", "18446744073709551616", "true", "\"a\"", "0", "1e400"] {
        let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"net_version"}}"#);
        socket.send_text(&request).await;
        let expected = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"412346"}}"#);
        assert_eq!(socket.receive_text().await, expected);
    }
    socket.send_text(r#"{"jsonrpc":"2.0","id":[1],"method":"net_version"}"#).await;
    assert_eq!(socket.receive().await["error"]["code"], -32600);
    socket.send_text("{").await;
    assert_eq!(socket.receive().await["error"]["code"], -32700, "the connection stays open");
    socket.send_text(r#"{"jsonrpc":"2.0","method":"net_version"}"#).await;
    assert_eq!(socket.ask("net_version", json!([])).await["result"], "412346", "no answer before");
}

#[tokio::test]
async fn a_batch_with_a_subscription_has_one_answer() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    let subscribe = r#"{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}"#;
    let version = r#"{"jsonrpc":"2.0","id":2,"method":"net_version"}"#;
    socket.send_text(&format!("[{subscribe},{version}]")).await;
    let mut answer = socket.receive().await;
    let subscription = answer[0]["result"].take();
    assert_eq!(answer[0]["id"], 1);
    assert_eq!(answer[1], json!({"jsonrpc": "2.0", "id": 2, "result": "412346"}));
    chain.node.mine().await.unwrap();
    let head = content(socket.receive().await, &subscription);
    assert_eq!(head["number"], "0x8");
    for name in ["withdrawalsRoot", "blobGasUsed", "excessBlobGas", "requestsHash"] {
        assert_eq!(head.get(name), Some(&Value::Null), "{name}");
    }
    assert_eq!(head.get("l1BlockNumber"), None);

    let latest = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(head["hash"], latest["hash"]);
}

#[tokio::test]
async fn ids_of_subscriptions_are_random_hexadecimal_numbers() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    let mut ids = Vec::new();
    for _ in 0..4 {
        let id = socket.ask("eth_subscribe", json!(["newHeads"])).await["result"].take();
        let digits = id.as_str().unwrap().strip_prefix("0x").unwrap().to_owned();
        assert!((16..=32).contains(&digits.len()), "{digits}");
        assert!(u128::from_str_radix(&digits, 16).is_ok() && !digits.starts_with('0'), "{digits}");
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[tokio::test]
async fn unknown_subscriptions_get_the_words_of_geth() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    let cases = [
        (
            "eth_subscribe",
            json!(["syncing"]),
            -32601,
            "no \"syncing\" subscription in eth namespace",
        ),
        (
            "eth_subscribe",
            json!(["nothing"]),
            -32601,
            "no \"nothing\" subscription in eth namespace",
        ),
        (
            "net_subscribe",
            json!(["newHeads"]),
            -32601,
            "no \"newHeads\" subscription in net namespace",
        ),
        ("eth_subscribe", json!([1]), -32602, "expected subscription name as first argument"),
        ("eth_subscribe", json!([]), -32602, "expected subscription name as first argument"),
        ("eth_subscribe", json!({}), -32602, "non-array args"),
        ("eth_unsubscribe", json!(["0x12"]), -32000, "subscription not found"),
    ];
    for (method, params, code, text) in cases {
        let error = socket.ask(method, params.clone()).await["error"].take();
        assert_eq!(error, json!({"code": code, "message": text}), "{method} {params}");
    }
    let over_http = chain.request("eth_subscribe", json!(["newHeads"])).await;
    assert_eq!(over_http["error"]["message"], "notifications not supported");
}

#[tokio::test]
async fn a_subscription_ends_when_it_is_cancelled() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    let ended = socket.ask("eth_subscribe", json!(["newHeads"])).await["result"].take();
    let kept = socket.ask("eth_subscribe", json!(["newHeads"])).await["result"].take();
    assert_eq!(socket.ask("eth_unsubscribe", json!([ended])).await["result"], true);
    chain.node.mine().await.unwrap();
    content(socket.receive().await, &kept);
    assert_eq!(socket.ask("eth_unsubscribe", json!([kept])).await["result"], true);
    chain.node.mine().await.unwrap();
    assert_eq!(socket.ask("net_version", json!([])).await["result"], "412346");
}

#[tokio::test]
async fn new_transactions_are_reported_before_they_are_mined() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let mut socket = Socket::open(&chain).await;
    let params = json!(["newPendingTransactions"]);
    let hashes = socket.ask("eth_subscribe", params).await["result"].take();
    let hash = transfer(&chain).await;
    assert_eq!(content(socket.receive().await, &hashes), hash);
    socket.ask("eth_unsubscribe", json!([hashes])).await;

    let params = json!(["newPendingTransactions", true]);
    let whole = socket.ask("eth_subscribe", params).await["result"].take();
    let hash = transfer(&chain).await;
    let transaction = content(socket.receive().await, &whole);
    assert_eq!((&transaction["hash"], &transaction["blockHash"]), (&hash, &Value::Null));

    chain.rpc("evm_setAutomine", json!([true])).await;
    let hash = transfer(&chain).await;
    assert_eq!(content(socket.receive().await, &whole)["hash"], hash);
}

#[tokio::test]
async fn receipts_of_given_transactions_are_reported_together() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let hashes = [transfer(&chain).await, transfer(&chain).await, transfer(&chain).await];
    let mut socket = Socket::open(&chain).await;
    let two = json!(["transactionReceipts", {"transactionHashes": [hashes[0], hashes[2]]}]);
    let two = socket.ask("eth_subscribe", two).await["result"].take();
    chain.node.mine().await.unwrap();
    let receipts = content(socket.receive().await, &two);
    let expected = [
        chain.rpc("eth_getTransactionReceipt", json!([hashes[0]])).await,
        chain.rpc("eth_getTransactionReceipt", json!([hashes[2]])).await,
    ];
    assert_eq!(receipts, json!(expected));
    socket.ask("eth_unsubscribe", json!([two])).await;

    let all = socket.ask("eth_subscribe", json!(["transactionReceipts"])).await["result"].take();
    let hash = transfer(&chain).await;
    chain.node.mine().await.unwrap();
    assert_eq!(content(socket.receive().await, &all)[0]["transactionHash"], hash);

    let many = vec![B256::ZERO; 201];
    let many =
        socket.ask("eth_subscribe", json!(["transactionReceipts", {"transactionHashes": many}]));
    assert_eq!(many.await["error"]["code"], -32602);
}

#[tokio::test]
async fn connections_end_with_the_node() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    socket.ask("eth_subscribe", json!(["newHeads"])).await;
    let Chain { node, .. } = chain;
    node.stop().await.unwrap();
    assert!(socket.is_closed().await);
}

#[tokio::test]
async fn a_closing_handshake_is_answered() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    socket.ask("eth_subscribe", json!(["newHeads"])).await;
    socket.close().await;
    assert!(socket.is_closed().await);
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_connection() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    socket.announce_text((5 << 20) + 1).await;
    assert!(socket.is_closed().await);
}

#[tokio::test]
async fn a_get_request_is_confirmed() {
    let chain = Chain::start().await;
    let response = alloy::transports::http::reqwest::get(chain.node.url()).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn logs_are_reported_by_topic() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&hex!("365f5f376001365fa1")).await;
    let mut socket = Socket::open(&chain).await;
    let one = format!("{:#066x}", 1);
    let filter = |topics: Value| json!(["logs", {"address": [contract], "topics": topics}]);
    let none = socket.ask("eth_subscribe", filter(json!([one, null]))).await["result"].take();
    let some =
        socket.ask("eth_subscribe", filter(json!([[one, "0x".to_owned() + &"2".repeat(64)]])));
    let some = some.await["result"].take();
    assert_ne!(none, some);
    let call = json!([{"from": DEV_ADDRESS, "to": contract, "data": "0x61"}]);
    chain.rpc("eth_sendTransaction", call).await;
    let log = content(socket.receive().await, &some);
    assert_eq!((&log["data"], &log["topics"]), (&json!("0x61"), &json!([one])));
    assert_eq!(socket.ask("net_version", json!([])).await["result"], "412346", "no other log");
}
