//! Calls: their output, the texts of their errors, and overrides.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, B256, Bytes, U256, hex, map::B256Map},
    providers::Provider,
    rpc::types::{BlockOverrides, TransactionRequest, state::AccountOverride},
};
use serde_json::json;

use crate::support::{ARB_WASM, Chain, ECHO, message, program_code, revert_data};

#[tokio::test]
async fn reverts_carry_their_data() {
    let chain = Chain::start().await;
    // Reverts with its calldata.
    let contract = chain.deploy(&hex!("365f5f37365ffd")).await;
    let plain = chain.call(contract, hex!("1234")).await.unwrap_err();
    assert_eq!(
        (message(&plain).as_str(), revert_data(&plain)),
        ("execution reverted", hex!("1234").into())
    );

    let reason = hex!(
        "08c379a00000000000000000000000000000000000000000000000000000000000000020"
        "000000000000000000000000000000000000000000000000000000000000000577726f6e67"
        "000000000000000000000000000000000000000000000000000000"
    );
    let decoded = chain.call(contract, reason).await.unwrap_err();
    assert_eq!(message(&decoded), "execution reverted: wrong");
    let code = decoded.as_error_resp().unwrap().code;
    assert_eq!(code, 3);
}

#[tokio::test]
async fn halts_have_a_message_and_no_data() {
    let chain = Chain::start().await;
    let cases = [
        (&hex!("fe")[..], "invalid opcode: INVALID"),
        (&hex!("50"), "stack underflow (0 <=> 1)"),
        (&hex!("600a56"), "invalid jump destination"),
        (&hex!("4a"), "BLOBBASEFEE is not supported on Arbitrum"),
        (&hex!("60015f5f3e"), "return data out of bounds"),
        (&hex!("5b5f56"), "out of gas"),
    ];
    for (code, text) in cases {
        let contract = chain.deploy(code).await;
        let request = json!([{"to": contract, "gas": "0x186a0"}, "latest"]);
        let response = chain.request("eth_call", request).await;
        assert_eq!(response["error"], json!({"code": -32000, "message": text}));
    }
}

#[tokio::test]
async fn a_program_that_is_not_activated_fails_with_nitros_text() {
    let chain = Chain::start().await;
    let program = chain.deploy(&program_code(ECHO)).await;
    let error = chain.call(program, Bytes::new()).await.unwrap_err();
    assert_eq!(message(&error), "error ProgramNotActivated()");
}

#[tokio::test]
async fn a_call_may_override_code() {
    let chain = Chain::start().await;
    let program = chain.program(ECHO).await;
    let elsewhere = Address::repeat_byte(0xcc);
    let code = chain.provider.get_code_at(program).await.unwrap();
    let overridden = AccountOverride { code: Some(code), ..AccountOverride::default() };
    let request = TransactionRequest::default().with_to(elsewhere).with_input(hex!("77"));
    let call = chain.provider.call(request).account_override(elsewhere, overridden);
    assert_eq!(call.await.unwrap().to_vec(), hex!("77"));
    assert!(
        chain.provider.get_code_at(elsewhere).await.unwrap().is_empty(),
        "overrides are not stored"
    );
}

#[tokio::test]
async fn an_activation_can_be_simulated() {
    let chain = Chain::start().await;
    let (rich, target) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    let input = [&hex!("58c780c2"), target.into_word().as_slice()].concat();
    let request = TransactionRequest::default()
        .with_from(rich)
        .with_to(ARB_WASM)
        .with_value(U256::from(10).pow(U256::from(18)))
        .with_input(input);
    let money = AccountOverride { balance: Some(U256::MAX), ..AccountOverride::default() };
    let code =
        AccountOverride { code: Some(program_code(ECHO).into()), ..AccountOverride::default() };
    let call = chain.provider.call(request).account_override(rich, money);
    let response = call.account_override(target, code).await.unwrap();
    assert_eq!(U256::from_be_slice(&response[..32]), U256::from(3), "version");
    assert!(U256::from_be_slice(&response[32..]) > U256::ZERO, "fee");
}

#[tokio::test]
async fn a_call_may_override_storage_in_whole_or_in_part() {
    let chain = Chain::start().await;
    // Returns the sum of slots 0 and 1; slot 0 is 5.
    let init = hex!("60055f55600c80600d5f395ff3" "5f54600154015f5260205ff3");
    let request = TransactionRequest::default().with_deploy_code(init);
    let contract = chain.send(request).await.contract_address.unwrap();
    let slots = |slot: u64, value: u64| {
        B256Map::from_iter([(B256::from(U256::from(slot)), B256::from(U256::from(value)))])
    };
    let call = |account| {
        let request = TransactionRequest::default().with_to(contract);
        chain.provider.call(request).account_override(contract, account).into_future()
    };
    let part = AccountOverride { state_diff: Some(slots(1, 2)), ..AccountOverride::default() };
    let whole = AccountOverride { state: Some(slots(1, 2)), ..AccountOverride::default() };
    let both = AccountOverride { state: Some(slots(1, 2)), ..part.clone() };
    let number = |bytes: Bytes| U256::from_be_slice(&bytes);
    assert_eq!(number(call(part).await.unwrap()), U256::from(7));
    assert_eq!(number(call(whole).await.unwrap()), U256::from(2));
    let error = message(&call(both).await.unwrap_err());
    assert_eq!(error, format!("account {contract} has both 'state' and 'stateDiff'"));
}

#[tokio::test]
async fn a_call_may_override_the_time() {
    let chain = Chain::start().await;
    let clock = chain.deploy(&hex!("425f5260205ff3")).await;
    let request = TransactionRequest::default().with_to(clock);
    let overrides = BlockOverrides { time: Some(4_000_000_000), ..BlockOverrides::default() };
    let time = chain.provider.call(request).with_block_overrides(overrides).await.unwrap();
    assert_eq!(U256::from_be_slice(&time), U256::from(4_000_000_000_u64));
}

#[tokio::test]
async fn a_call_sees_arbitrums_block_values() {
    let chain = Chain::start().await;
    // NUMBER, PREVRANDAO, BASEFEE, GASPRICE
    let contract = chain.deploy(&hex!("435f52446020524860405260603a905260805ff3")).await;
    let response = chain.call(contract, Bytes::new()).await.unwrap();
    let word = |index: usize| U256::from_be_slice(&response[32 * index..32 * (index + 1)]);
    assert_eq!([word(0), word(1), word(2)], [U256::ZERO, U256::ONE, U256::ZERO]);
}

#[tokio::test]
async fn a_call_needs_the_balance_for_its_value() {
    let chain = Chain::start().await;
    let poor = Address::repeat_byte(0x99);
    let request = TransactionRequest::default().with_from(poor).with_to(poor).with_value(U256::ONE);
    let error = message(&chain.provider.call(request).await.unwrap_err());
    let text = "insufficient funds for gas * price + value";
    assert_eq!(error, format!("err: {text}: address {poor} have 0 want 1 (supplied gas 50000000)"));
}

#[tokio::test]
async fn the_type_of_a_call_is_ignored() {
    let chain = Chain::start().await;
    let friend = Address::repeat_byte(0x55);
    for kind in [json!("0x02"), json!("0x7e"), json!("legacy"), json!(2), json!(null)] {
        let request = json!([{"to": friend, "type": kind}]);
        assert_eq!(chain.rpc("eth_estimateGas", request).await, json!("0x5208"), "type {kind}");
    }
}
