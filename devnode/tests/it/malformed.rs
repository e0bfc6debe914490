//! Requests that are none: each gets the right error, and the node goes on.

use serde_json::{Value, json};

use crate::support::Chain;

/// The code of the error in the answer to a body.
async fn code(chain: &Chain, body: &str) -> Value {
    let (_, answer) = chain.post(body.to_owned()).await;
    serde_json::from_str::<Value>(&answer).unwrap()["error"]["code"].take()
}

#[tokio::test]
async fn bodies_that_are_no_requests() {
    let chain = Chain::start().await;
    assert_eq!(code(&chain, "{").await, -32700);
    assert_eq!(code(&chain, "hello").await, -32700);
    assert_eq!(code(&chain, r#"{"id":1}"#).await, -32600);
    assert_eq!(code(&chain, "[]").await, -32600);
    assert_eq!(chain.rpc("eth_chainId", json!([])).await, "0x64aba", "it goes on");
}

#[tokio::test]
async fn methods_that_do_not_exist() {
    let chain = Chain::start().await;
    assert_eq!(chain.request("eth_nothing", json!([])).await["error"]["code"], -32601);
    assert_eq!(chain.request("debug_nothing", json!([])).await["error"]["code"], -32601);
}

#[tokio::test]
async fn arguments_that_do_not_fit() {
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
    for (method, params, words) in cases {
        let answer = chain.request(method, params).await;
        assert_eq!(answer["error"], json!({"code": -32602, "message": words}), "{method}");
    }
    let bad_gas = chain.request("eth_call", json!([{"to": address, "gas": 5}])).await;
    assert_eq!(bad_gas["error"]["code"], -32602);
    let bad_filter = chain.request("eth_getLogs", json!([{"address": "0x12"}])).await;
    assert_eq!(bad_filter["error"]["code"], -32602);
}

#[tokio::test]
async fn bytes_that_are_no_transaction() {
    let chain = Chain::start().await;
    let cases = [
        ("0x", "typed transaction too short"),
        ("0x02", "typed transaction too short"),
        ("0x03f869", "transaction type not supported"),
        ("0x6af869", "transaction type not supported"),
        ("0xffffffffff", "rlp: value size exceeds available input length"),
    ];
    for (raw, words) in cases {
        let answer = chain.request("eth_sendRawTransaction", json!([raw])).await;
        assert_eq!(answer["error"], json!({"code": -32000, "message": words}), "{raw}");
    }
}

#[tokio::test]
async fn batches_are_answered_in_order() {
    let chain = Chain::start().await;
    let body = r#"[{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]},
                   {"jsonrpc":"2.0","id":"b","method":"net_version"}]"#;
    let (status, answer) = chain.post(body).await;
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let expected = json!([
        {"jsonrpc": "2.0", "id": 1, "result": "0x64aba"},
        {"jsonrpc": "2.0", "id": "b", "result": "412346"},
    ]);
    assert_eq!((status, answer), (200, expected));
}
