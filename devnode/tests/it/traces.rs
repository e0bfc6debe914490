//! Traces beyond the vectors, and Merkle proofs.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, hex, keccak256},
    providers::Provider,
    rlp,
    rpc::types::{EIP1186AccountProofResponse, TransactionReceipt, TransactionRequest},
    trie::{Nibbles, TrieAccount, proof::verify_proof},
};
use serde_json::{Value, json};

use crate::support::{Chain, program_code};

/// Code that writes its calldata to slot 1.
const WRITER: [u8; 5] = hex!("5f35600155");

/// A slot number in hexadecimal.
fn slot(number: u8) -> String {
    B256::with_last_byte(number).to_string()
}

/// Writes a word to slot 1 of a [`WRITER`].
async fn write(chain: &Chain, writer: Address, word: u8) -> TransactionReceipt {
    chain.send(writing(writer, word)).await
}

/// A transaction that writes.
fn writing(writer: Address, word: u8) -> TransactionRequest {
    TransactionRequest::default().with_to(writer).with_input(B256::with_last_byte(word))
}

/// A trace of a transaction.
async fn trace(chain: &Chain, hash: B256, options: Value) -> Value {
    chain.rpc("debug_traceTransaction", json!([hash, options])).await
}

#[tokio::test]
async fn the_prestate_tracer_reports_the_state_before() {
    let chain = Chain::start().await;
    let writer = chain.deploy(&WRITER).await;
    write(&chain, writer, 7).await;
    let hash = write(&chain, writer, 9).await.transaction_hash;
    write(&chain, writer, 11).await;

    let account = writer.to_string().to_lowercase();
    let state = trace(&chain, hash, json!({"tracer": "prestateTracer"})).await;
    assert_eq!(state[&account]["storage"], json!({slot(1): slot(7)}));
    assert_eq!(state[&account]["code"], hex::encode_prefixed(WRITER));

    let options = json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}});
    let diff = trace(&chain, hash, options).await;
    assert_eq!(diff["pre"][&account]["storage"], json!({slot(1): slot(7)}));
    assert_eq!(diff["post"][&account]["storage"], json!({slot(1): slot(9)}));
}

#[tokio::test]
async fn later_transactions_of_a_block_see_earlier_ones() {
    let chain = Chain::start().await;
    let writer = chain.deploy(&WRITER).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let first = chain.provider.send_transaction(writing(writer, 3)).await.unwrap();
    let second = chain.provider.send_transaction(writing(writer, 4)).await.unwrap();
    let (first, second) = (*first.tx_hash(), *second.tx_hash());
    chain.rpc("evm_mine", json!([])).await;

    let options = json!({"tracer": "prestateTracer", "tracerConfig": {"diffMode": true}});
    let traces = chain.rpc("debug_traceBlockByNumber", json!(["latest", options])).await;
    assert_eq!(
        traces,
        json!([
            {"txHash": first, "result": trace(&chain, first, options.clone()).await},
            {"txHash": second, "result": trace(&chain, second, options.clone()).await},
        ])
    );
    let account = writer.to_string().to_lowercase();
    assert_eq!(traces[1]["result"]["pre"][&account]["storage"], json!({slot(1): slot(3)}));
    assert_eq!(traces[1]["result"]["post"][&account]["storage"], json!({slot(1): slot(4)}));
}

#[tokio::test]
async fn a_trace_has_the_gas_of_the_transaction() {
    let chain = Chain::start().await;
    let writer = chain.deploy(&WRITER).await;
    for word in [5, 0] {
        let receipt = write(&chain, writer, word).await;
        let calls = trace(&chain, receipt.transaction_hash, json!({"tracer": "callTracer"})).await;
        assert_eq!(calls["gasUsed"], format!("{:#x}", receipt.gas_used));
        let opcodes = trace(&chain, receipt.transaction_hash, json!({})).await;
        assert_eq!(opcodes["gas"], receipt.gas_used);
        let last = opcodes["structLogs"].as_array().unwrap().last().unwrap();
        assert_eq!(last["op"], "STOP");
    }
}

#[tokio::test]
async fn events_of_nested_programs_are_reported_once() {
    let chain = Chain::start().await;
    let router = chain.program(include_str!("../programs/call.wat")).await;
    let logger = chain.program(include_str!("../programs/log.wat")).await;
    // A call with all gas; the calldata is one topic and four bytes.
    let call = [&[0], logger.as_slice(), &[0; 32], &[0xff; 8]].concat();
    let event = [&[1], B256::with_last_byte(5).as_slice(), b"data"].concat();
    let request = TransactionRequest::default().with_to(router).with_input([call, event].concat());
    let receipt = chain.send(request).await;
    assert_eq!(receipt.logs().len(), 1);

    let options = json!({"tracer": "callTracer", "tracerConfig": {"withLog": true}});
    let calls = trace(&chain, receipt.transaction_hash, options).await;
    assert_eq!(calls.get("logs"), None);
    let logs = calls["calls"][0]["logs"].as_array().unwrap();
    assert_eq!(logs.len(), 1);
    assert_eq!(logs[0]["data"], hex::encode_prefixed("data"));
}

#[tokio::test]
async fn untraceable_requests_are_rejected() {
    let chain = Chain::start().await;
    let genesis = chain.request("debug_traceBlockByNumber", json!(["0x0"])).await;
    assert_eq!(genesis["error"], json!({"code": -32000, "message": "genesis is not traceable"}));
    let script = json!({"tracer": "{result: function() { return 1 }}"});
    let call = json!([{"to": Address::ZERO}, "latest", script]);
    let script = chain.request("debug_traceCall", call).await;
    assert_eq!(script["error"], json!({"code": -32000, "message": "JS Tracer is not enabled"}));
    let poor = json!([{"from": Address::repeat_byte(7), "value": "0x1"}, "latest"]);
    let poor = chain.request("debug_traceCall", poor).await;
    let text = poor["error"]["message"].as_str().unwrap();
    assert!(text.starts_with("tracing failed: insufficient funds"), "{text}");
}

#[tokio::test]
async fn an_inactive_program_fails_in_a_trace_as_in_a_call() {
    let chain = Chain::start().await;
    let wat = include_str!("../programs/io.wat");
    let program = chain.deploy(&program_code(wat)).await;
    let options = json!([{"to": program}, "latest", {"tracer": "callTracer"}]);
    let calls = chain.rpc("debug_traceCall", options).await;
    let call = chain.request("eth_call", json!([{"to": program}, "latest"])).await;
    assert_eq!(calls["error"], call["error"]["message"]);
    assert_eq!(calls["error"], "error ProgramNotActivated()");
}

#[tokio::test]
async fn proofs_can_be_verified() {
    let chain = Chain::start().await;
    let writer = chain.deploy(&WRITER).await;
    write(&chain, writer, 0x2a).await;
    let keys = json!([slot(1), "0x2"]);
    let response = chain.rpc("eth_getProof", json!([writer, keys, "latest"])).await;
    assert_eq!(response["storageProof"][1]["key"], "0x2", "keys are echoed as they are");
    let proof: EIP1186AccountProofResponse = serde_json::from_value(response).unwrap();

    let state = keccak256(&proof.account_proof[0]);
    let path = Nibbles::unpack(keccak256(writer));
    let account = TrieAccount::new(proof.nonce, proof.balance, proof.storage_hash, proof.code_hash);
    verify_proof(state, path, Some(rlp::encode(account)), &proof.account_proof).unwrap();
    assert_eq!(proof.code_hash, keccak256(WRITER));

    let [one, two] = proof.storage_proof.try_into().unwrap();
    let path = |slot| Nibbles::unpack(keccak256(B256::with_last_byte(slot)));
    let word = Some(rlp::encode(U256::from(0x2a)));
    verify_proof(proof.storage_hash, path(1), word, &one.proof).unwrap();
    verify_proof(proof.storage_hash, path(2), None, &two.proof).unwrap();

    // The account does not exist, and the same state proves that.
    let nobody = Address::repeat_byte(0x77);
    let response = chain.rpc("eth_getProof", json!([nobody, [], "latest"])).await;
    let nodes: Vec<Bytes> = serde_json::from_value(response["accountProof"].clone()).unwrap();
    verify_proof(state, Nibbles::unpack(keccak256(nobody)), None, &nodes).unwrap();
}
