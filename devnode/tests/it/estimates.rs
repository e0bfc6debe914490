//! Gas estimates: sufficient and close.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256, hex},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::json;

use crate::support::Chain;

#[tokio::test]
async fn a_plain_transfer_needs_exactly_21000() {
    let chain = Chain::start().await;
    let request =
        TransactionRequest::default().with_to(Address::repeat_byte(1)).with_value(U256::ONE);
    let request = request.with_from(stylus_devnode::DEV_ADDRESS);
    assert_eq!(chain.provider.estimate_gas(request).await.unwrap(), 21_000);
}

#[tokio::test]
async fn an_estimate_suffices_for_a_program_that_writes() {
    let chain = Chain::start().await;
    let program = chain.program(include_str!("../programs/storage.wat")).await;
    let text = [1_u64, 11, 12].map(|word| U256::from(word).to_be_bytes::<32>());
    let request = TransactionRequest::default().with_to(program).with_input(text.concat());
    let estimate = chain.provider.estimate_gas(request.clone()).await.unwrap();
    let receipt = chain.send(request.clone().with_gas_limit(estimate)).await;
    assert!(receipt.status());
    assert!(estimate > receipt.gas_used, "the last flush requires gas that it does not use");
    let much_less = estimate - estimate / 50;
    assert!(!chain.send(request.with_gas_limit(much_less)).await.status());
}

#[tokio::test]
async fn a_call_that_always_reverts_has_no_estimate() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&hex!("5f5ffd")).await;
    let response = chain.request("eth_estimateGas", json!([{"to": contract}])).await;
    let error = json!({"code": 3, "message": "execution reverted", "data": "0x"});
    assert_eq!(response["error"], error);
}

#[tokio::test]
async fn a_call_that_never_returns_has_no_estimate() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&hex!("5b5f56")).await;
    let response = chain.request("eth_estimateGas", json!([{"to": contract}])).await;
    assert_eq!(response["error"]["message"], "gas required exceeds allowance (50000000)");
}

#[tokio::test]
async fn an_estimate_accepts_a_block_and_overrides() {
    let chain = Chain::start().await;
    let contract = Address::repeat_byte(0x42);
    // Reverts before a certain time.
    let code = json!({contract.to_string(): {"code": "0x63ee6b2800421015600e575f5ffd5b"}});
    let early = json!([{"to": contract}, "latest", code, {"time": "0x1"}]);
    let late = json!([{"to": contract}, "latest", code, {"time": "0xee6b2801"}]);
    assert_eq!(chain.request("eth_estimateGas", early).await["error"]["code"], 3);
    assert!(chain.request("eth_estimateGas", late).await.get("result").is_some());
}
