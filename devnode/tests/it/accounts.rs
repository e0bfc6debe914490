//! Cheats for accounts, and accounts that the node sends for.

use alloy::{
    primitives::{Address, U256, address},
    providers::Provider,
};
use serde_json::{Value, json};
use stylus_devnode::{Config, DEV_ADDRESS};

use crate::support::{Chain, program_code};

/// An account without a known key.
const ACCOUNT: Address = address!("00000000000000000000000000000000000057a6");

#[tokio::test]
async fn balances_can_be_set() {
    let chain = Chain::start().await;
    for method in ["anvil_setBalance", "hardhat_setBalance"] {
        chain.rpc(method, json!([ACCOUNT, "0x64"])).await;
        chain.rpc("anvil_addBalance", json!([ACCOUNT, "0x1"])).await;
        let balance = chain.provider.get_balance(ACCOUNT).await.unwrap();
        assert_eq!(balance, U256::from(101));
        chain.rpc(method, json!([ACCOUNT, "0x0"])).await;
    }
}

#[tokio::test]
async fn code_and_storage_can_be_set() {
    let chain = Chain::start().await;
    // Returns the word in slot 1.
    chain.rpc("hardhat_setCode", json!([ACCOUNT, "0x6001545f5260205ff3"])).await;
    let word = format!("{:#066x}", 0x1234);
    chain.rpc("anvil_setStorageAt", json!([ACCOUNT, "0x1", word])).await;
    assert_eq!(chain.rpc("eth_getStorageAt", json!([ACCOUNT, "0x1", "latest"])).await, word);
    let response = chain.call(ACCOUNT, Vec::new()).await.unwrap();
    assert_eq!(U256::from_be_slice(&response), U256::from(0x1234));
}

#[tokio::test]
async fn a_program_can_be_set_and_then_activated() {
    let chain = Chain::start().await;
    let code = program_code(
        r#"(module
            (import "vm_hooks" "write_result" (func $write_result (param i32 i32)))
            (memory (export "memory") 1 1)
            (data (i32.const 0) "muster")
            (func (export "user_entrypoint") (param $len i32) (result i32)
                (call $write_result (i32.const 0) (i32.const 6))
                (i32.const 0)))"#,
    );
    let code = alloy::primitives::Bytes::from(code);
    chain.rpc("anvil_setCode", json!([ACCOUNT, code])).await;
    assert!(chain.call(ACCOUNT, Vec::new()).await.is_err(), "not activated");
    assert!(chain.activate(ACCOUNT).await.status());
    assert_eq!(chain.call(ACCOUNT, Vec::new()).await.unwrap().to_vec(), b"muster");
}

#[tokio::test]
async fn nonces_can_be_set() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setNonce", json!([DEV_ADDRESS, "0x64"])).await;
    let request = json!({"from": DEV_ADDRESS, "to": ACCOUNT});
    let hash = chain.rpc("eth_sendTransaction", json!([request])).await;
    let sent = chain.rpc("eth_getTransactionByHash", json!([hash])).await;
    assert_eq!(sent["nonce"], "0x64");
}

#[tokio::test]
async fn the_node_sends_for_the_accounts_it_lists() {
    let chain = Chain::with(Config { accounts: 2, ..Config::any_port() }).await;
    let listed = chain.rpc("eth_accounts", json!([])).await;
    let accounts: Vec<_> = chain.node.accounts().iter().map(|known| known.address).collect();
    assert_eq!(listed, json!(accounts));
    for from in accounts {
        let request = json!({"from": from, "to": ACCOUNT, "value": "0x5"});
        let hash = chain.rpc("eth_sendTransaction", json!([request])).await;
        let sent = chain.rpc("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!(sent["from"], json!(from));
        assert_eq!((&sent["type"], &sent["gas"]), (&json!("0x2"), &json!("0x5208")));
        // The signature is valid: the raw bytes are accepted again, and only the nonce is too low.
        let raw = chain.rpc("eth_getRawTransactionByHash", json!([hash])).await;
        let again = chain.request("eth_sendRawTransaction", json!([raw])).await;
        let message = again["error"]["message"].as_str().unwrap();
        assert!(message.starts_with(&format!("nonce too low: address {from}")), "{message}");
    }
    assert_eq!(chain.provider.get_balance(ACCOUNT).await.unwrap(), U256::from(15));
}

#[tokio::test]
async fn every_field_of_a_transaction_can_be_chosen() {
    let chain = Chain::start().await;
    let base = json!({"from": DEV_ADDRESS, "to": ACCOUNT, "gas": "0x7530"});
    let send = async |more: Value| {
        let mut request = base.clone();
        for (name, value) in more.as_object().unwrap() {
            request[name] = value.clone();
        }
        chain.request("eth_sendTransaction", json!([request])).await
    };
    let list = json!([{"address": ACCOUNT, "storageKeys": []}]);
    for (fields, kind) in [
        (json!({"gasPrice": "0xee6b280"}), "0x0"),
        (json!({"gasPrice": "0xee6b280", "accessList": list}), "0x1"),
        (json!({"maxFeePerGas": "0xee6b280"}), "0x2"),
    ] {
        let hash = send(fields).await["result"].take();
        let transaction = chain.rpc("eth_getTransactionByHash", json!([hash])).await;
        assert_eq!((&transaction["type"], &transaction["gas"]), (&json!(kind), &json!("0x7530")));
    }
    let refused = async |more| send(more).await["error"]["message"].take();
    let both = refused(json!({"gasPrice": "0x1", "maxFeePerGas": "0x1"})).await;
    assert_eq!(both, "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified");
    let elsewhere = refused(json!({"chainId": "0x1"})).await;
    assert_eq!(elsewhere, "chainId does not match node's (have=1, want=412346)");
    let old = refused(json!({"nonce": "0x0"})).await;
    assert!(old.as_str().unwrap().starts_with("nonce too low"), "{old}");
}

#[tokio::test]
async fn a_transaction_without_a_recipient_creates_a_contract() {
    let chain = Chain::start().await;
    let request = json!({"from": DEV_ADDRESS, "input": "0x602a5f5260205ff3"});
    let hash = chain.rpc("eth_sendTransaction", json!([request])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    let created = receipt["contractAddress"].as_str().unwrap().parse().unwrap();
    assert_eq!(chain.provider.get_code_at(created).await.unwrap().len(), 32);
}

#[tokio::test]
async fn a_transaction_that_would_revert_is_rejected_with_its_reason() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&[0x5f, 0x5f, 0xfd]).await;
    let request = json!({"from": DEV_ADDRESS, "to": contract});
    let response = chain.request("eth_sendTransaction", json!([request])).await;
    assert_eq!(response["error"]["code"], 3);
}

#[tokio::test]
async fn accounts_can_be_impersonated() {
    let chain = Chain::start().await;
    let request = json!([{"from": ACCOUNT, "to": DEV_ADDRESS, "value": "0x5"}]);
    let ether = "0xde0b6b3a7640000";
    chain.rpc("anvil_setBalance", json!([ACCOUNT, ether])).await;
    let unknown = json!({"code": -32000, "message": "unknown account"});
    let refused = chain.request("eth_sendTransaction", request.clone()).await;
    assert_eq!(refused["error"], unknown);

    for (on, off) in [
        ("anvil_impersonateAccount", "anvil_stopImpersonatingAccount"),
        ("hardhat_impersonateAccount", "hardhat_stopImpersonatingAccount"),
    ] {
        chain.rpc(on, json!([ACCOUNT])).await;
        let hash = chain.rpc("eth_sendTransaction", request.clone()).await;
        let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
        assert_eq!((&receipt["from"], &receipt["status"]), (&json!(ACCOUNT), &json!("0x1")));
        chain.rpc(off, json!([ACCOUNT])).await;
        let refused = chain.request("eth_sendTransaction", request.clone()).await;
        assert_eq!(refused["error"], unknown);
    }
    chain.rpc("anvil_autoImpersonateAccount", json!([true])).await;
    // The first transactions of two senders have different hashes, even with the same content.
    let other = ACCOUNT.create(0);
    chain.rpc("anvil_setBalance", json!([other, ether])).await;
    let twin = |from| json!([{"from": from, "to": DEV_ADDRESS, "nonce": "0x2"}]);
    chain.rpc("anvil_setNonce", json!([other, "0x2"])).await;
    let one = chain.rpc("eth_sendTransaction", twin(ACCOUNT)).await;
    let two = chain.rpc("eth_sendTransaction", twin(other)).await;
    assert_ne!(one, two);
    chain.rpc("anvil_autoImpersonateAccount", json!([false])).await;
    assert_eq!(chain.request("eth_sendTransaction", request).await["error"], unknown);
}

#[tokio::test]
async fn an_unsigned_transaction_can_be_sent_for_any_account() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setBalance", json!([ACCOUNT, "0xde0b6b3a7640000"])).await;
    let request = json!([{"from": ACCOUNT, "to": DEV_ADDRESS, "value": "0x5"}]);
    let hash = chain.rpc("eth_sendUnsignedTransaction", request.clone()).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!((&receipt["from"], &receipt["status"]), (&json!(ACCOUNT), &json!("0x1")));
    let refused = chain.request("eth_sendTransaction", request).await;
    assert_eq!(refused["error"]["message"], "unknown account", "not impersonated");
}

#[tokio::test]
async fn contracts_can_be_impersonated() {
    let chain = Chain::start().await;
    let contract = chain.deploy(&[0]).await;
    chain.rpc("anvil_setBalance", json!([contract, "0xde0b6b3a7640000"])).await;
    chain.rpc("anvil_impersonateAccount", json!([contract])).await;
    let request = json!([{"from": contract, "to": ACCOUNT, "value": "0x5"}]);
    chain.rpc("eth_sendTransaction", request).await;
    assert_eq!(chain.provider.get_balance(ACCOUNT).await.unwrap(), U256::from(5));
}
