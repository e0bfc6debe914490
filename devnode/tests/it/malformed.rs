//! Malformed requests: each gets the right error, and the node keeps running.

use serde_json::{Value, json};

use crate::support::Chain;

/// The error code of the response to a body.
async fn code(chain: &Chain, body: &str) -> Value {
    let (_, response) = chain.post(body.to_owned()).await;
    serde_json::from_str::<Value>(&response).unwrap()["error"]["code"].take()
}

#[tokio::test]
async fn malformed_bodies() {
    let chain = Chain::start().await;
    assert_eq!(code(&chain, "{").await, -32700);
    assert_eq!(code(&chain, "hello").await, -32700);
    assert_eq!(code(&chain, r#"{"id":1}"#).await, -32600);
    assert_eq!(code(&chain, "[]").await, -32600);
    assert_eq!(chain.rpc("eth_chainId", json!([])).await, "0x64aba", "it goes on");
}

#[tokio::test]
async fn unknown_methods() {
    let chain = Chain::start().await;
    assert_eq!(chain.request("eth_nothing", json!([])).await["error"]["code"], -32601);
    assert_eq!(chain.request("debug_nothing", json!([])).await["error"]["code"], -32601);
}

#[tokio::test]
async fn invalid_arguments() {
    let chain = Chain::start().await;
    let address = "0x3f1eae7d46d88f08fc2f8ed27fcb2ab183eb2d0e";
    let cases = [
        ("eth_getBalance", json!([]), "missing value for required argument 0"),
        ("eth_getBalance", json!([address]), "missing value for required argument 1"),
        ("eth_getBalance", json!([address, "latest", 1]), "too many arguments, want at most 2"),
        (
            "eth_getBalance",
            json!([address, "newest"]),
            "invalid argument 1: hex string without 0x prefix",
        ),
        (
            "eth_getBlockByNumber",
            json!(["0x00", true]),
            "invalid argument 0: hex number with leading zero digits",
        ),
        ("eth_getBlockByNumber", json!(["0x", true]), "invalid argument 0: hex string \"0x\""),
        ("eth_chainId", json!({"a": 1}), "non-array args"),
    ];
    for (method, params, text) in cases {
        let response = chain.request(method, params).await;
        assert_eq!(response["error"], json!({"code": -32602, "message": text}), "{method}");
    }
    let bad_gas = chain.request("eth_call", json!([{"to": address, "gas": 5}])).await;
    assert_eq!(bad_gas["error"]["code"], -32602);
    let bad_filter = chain.request("eth_getLogs", json!([{"address": "0x12"}])).await;
    assert_eq!(bad_filter["error"]["code"], -32602);
}

#[tokio::test]
async fn malformed_transactions() {
    let chain = Chain::start().await;
    let cases = [
        ("0x", "typed transaction too short"),
        ("0x02", "typed transaction too short"),
        ("0x03f869", "transaction type not supported"),
        ("0x6af869", "transaction type not supported"),
        ("0xffffffffff", "rlp: value size exceeds available input length"),
    ];
    for (raw, text) in cases {
        let response = chain.request("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(response["error"], json!({"code": -32000, "message": text}), "{raw}");
    }
}

#[tokio::test]
async fn batches_are_answered_in_order() {
    let chain = Chain::start().await;
    let body = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]},
                   {"jsonrpc":"2.0","id":"b","method":"net_version"}]"#;
    let (status, response) = chain.post(body).await;
    let response: Value = serde_json::from_str(&response).unwrap();
    let expected = json!([
        {"jsonrpc": "2.0", "id": 1, "result": "0x64aba"},
        {"jsonrpc": "2.0", "id": "b", "result": "412346"},
    ]);
    assert_eq!((status, response), (200, expected));
}
