//! Settings of the node that Anvil's methods change, and what they tell about accounts.

use alloy::primitives::{Address, hex, keccak256};
use serde_json::{Value, json};
use stylus_devnode::DEV_ADDRESS;

use crate::support::Chain;

/// A contract that returns COINBASE and GASLIMIT.
const READER: [u8; 11] = hex!("415f524560205260405ff3");

/// Sends a transaction to a contract and returns its hash.
async fn send(chain: &Chain, to: Address) -> Value {
    chain.rpc("eth_sendTransaction", json!([{"from": DEV_ADDRESS, "to": to}])).await
}

#[tokio::test]
async fn beneficiary_and_gas_limit_of_blocks_can_be_set() {
    let chain = Chain::start().await;
    // Stores COINBASE in word 0 and GASLIMIT in word 1.
    let contract = chain.deploy(&hex!("415f554560015500")).await;
    let reader = chain.deploy(&READER).await;
    let beneficiary = Address::repeat_byte(0xcb);
    chain.rpc("hardhat_setCoinbase", json!([beneficiary])).await;
    assert_eq!(chain.rpc("evm_setBlockGasLimit", json!(["0x1c9c380"])).await, true);
    let hash = send(&chain, contract).await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    let expected = (json!(format!("{beneficiary:#x}")), json!("0x1c9c380"));
    assert_eq!((block["miner"].clone(), block["gasLimit"].clone()), expected);
    for (slot, word) in [
        ("0x0", format!("{:#066x}", beneficiary.into_word())),
        ("0x1", format!("{:#066x}", 30_000_000)),
    ] {
        assert_eq!(chain.rpc("eth_getStorageAt", json!([contract, slot, "latest"])).await, word);
    }
    let seen = chain.rpc("eth_call", json!([{"to": reader}, "latest"])).await;
    assert_eq!(seen, format!("{:#066x}{:064x}", beneficiary.into_word(), 30_000_000));
    let trace = chain.rpc("debug_traceTransaction", json!([hash])).await;
    let top = trace["structLogs"][1]["stack"][0].as_str().unwrap().to_lowercase();
    assert_eq!(top, format!("{beneficiary:#x}"), "a trace sees the same block");
    let info = chain.rpc("anvil_nodeInfo", json!([])).await;
    assert_eq!(info["environment"]["gasLimit"], "0x1c9c380");
}

#[tokio::test]
async fn a_block_holds_as_much_gas_as_is_set() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    chain.rpc("anvil_setBlockGasLimit", json!([50_000])).await;
    for _ in 0..3 {
        let request = json!([{"from": DEV_ADDRESS, "to": DEV_ADDRESS, "gas": "0x5208"}]);
        chain.rpc("eth_sendTransaction", request).await;
    }
    chain.node.mine().await.unwrap();
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["transactions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_minimum_gas_price_can_be_set() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setMinGasPrice", json!(["0x77359400"])).await;
    send(&chain, DEV_ADDRESS).await;
    let hash = send(&chain, DEV_ADDRESS).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["effectiveGasPrice"], "0x77359400");
    let low = json!([{"from": DEV_ADDRESS, "to": DEV_ADDRESS, "gasPrice": "0x5f5e100"}]);
    let low = chain.request("eth_sendTransaction", low).await;
    assert!(low["error"]["message"].as_str().unwrap().contains("max fee per gas less than"));
}

#[tokio::test]
async fn logging_can_be_set_and_a_chain_that_is_no_fork_has_no_url() {
    let chain = Chain::start().await;
    assert_eq!(chain.rpc("anvil_setLoggingEnabled", json!([false])).await, Value::Null);
    assert_eq!(chain.rpc("hardhat_setLoggingEnabled", json!([true])).await, Value::Null);
    let fork = chain.request("anvil_setRpcUrl", json!(["http://127.0.0.1:1"])).await;
    assert!(fork["error"]["message"].as_str().unwrap().contains("not a fork"));
}

#[tokio::test]
async fn accounts_and_transactions_can_be_looked_up() {
    let chain = Chain::start().await;
    let code = hex!("60015f55");
    let contract = chain.deploy(&code).await;
    let hash = send(&chain, contract).await;
    let account = chain.rpc("eth_getAccount", json!([contract, "latest"])).await;
    let proof = chain.rpc("eth_getProof", json!([contract, [], "latest"])).await;
    assert_eq!(account["codeHash"], keccak256(code).to_string());
    assert_eq!(account["storageRoot"], proof["storageHash"]);
    let nobody = json!([Address::repeat_byte(1), "latest"]);
    assert_eq!(chain.rpc("eth_getAccount", nobody).await, Value::Null);
    let info = chain.rpc("eth_getAccountInfo", json!([contract, "latest"])).await;
    assert_eq!(info, json!({"balance": "0x0", "nonce": "0x1", "code": "0x60015f55"}));

    let by =
        |nonce: &str| chain.rpc("eth_getTransactionBySenderAndNonce", json!([DEV_ADDRESS, nonce]));
    assert_eq!(by("0x7").await["hash"], hash);
    assert_eq!(by("0x8").await, Value::Null);
    chain.rpc("evm_setAutomine", json!([false])).await;
    let pooled = send(&chain, contract).await;
    assert_eq!(by("0x8").await["hash"], pooled);
    let genesis = chain.rpc("eth_getBlockByNumber", json!(["0x0", false])).await;
    let time = chain.rpc("anvil_getGenesisTime", json!([])).await.as_u64().unwrap();
    assert_eq!(genesis["timestamp"], format!("{time:#x}"));
}

#[tokio::test]
async fn a_receipt_for_an_account_of_the_node_is_returned_at_once() {
    let chain = Chain::start().await;
    let request = json!([{"from": DEV_ADDRESS, "to": DEV_ADDRESS}]);
    let receipt = chain.rpc("eth_sendTransactionSync", request).await;
    assert_eq!((&receipt["status"], &receipt["blockNumber"]), (&json!("0x1"), &json!("0x8")));
}

#[tokio::test]
async fn the_chain_id_can_be_set() {
    let chain = Chain::start().await;
    // Stores CHAINID in word 0.
    let contract = chain.deploy(&hex!("465f5500")).await;
    let before =
        chain.rpc("eth_signTransaction", json!([{"from": DEV_ADDRESS, "to": contract}])).await;
    chain.rpc("anvil_setChainId", json!([1234])).await;
    assert_eq!(chain.rpc("eth_chainId", json!([])).await, "0x4d2");
    assert_eq!(chain.rpc("net_version", json!([])).await, "1234");
    let late = chain.request("eth_sendRawTransaction", json!([before["raw"]])).await;
    let text = "invalid chain id for signer: have 412346 want 1234";
    assert_eq!(late["error"]["message"], text);
    let other = json!([{"to": contract, "chainId": "0x64aba"}, "latest"]);
    let other = chain.request("eth_call", other).await;
    let text = "chainId does not match node's (have=412346, want=1234)";
    assert_eq!(other["error"]["message"], text);

    send(&chain, contract).await;
    let seen = chain.rpc("eth_getStorageAt", json!([contract, "0x0", "latest"])).await;
    assert_eq!(seen, format!("{:#066x}", 1234));
    let arb_chain_id =
        json!([{"to": Address::with_last_byte(0x64), "data": "0xd127f54a"}, "latest"]);
    assert_eq!(chain.rpc("eth_call", arb_chain_id.clone()).await, seen);
    let simulated = json!([{"blockStateCalls": [{"calls": [arb_chain_id[0]]}]}]);
    let simulated = chain.rpc("eth_simulateV1", simulated).await;
    assert_eq!(simulated[0]["calls"][0]["returnData"], seen);
    assert_eq!(chain.rpc("anvil_metadata", json!([])).await["chainId"], 1234);
}

#[tokio::test]
async fn the_randomness_can_be_set() {
    let chain = Chain::start().await;
    // Stores PREVRANDAO in word 0.
    let contract = chain.deploy(&hex!("445f5500")).await;
    let word = || chain.rpc("eth_getStorageAt", json!([contract, "0x0", "latest"]));
    send(&chain, contract).await;
    assert_eq!(word().await, format!("{:#066x}", 1));
    let value = format!("{:#066x}", 1234);
    assert_eq!(chain.rpc("hardhat_setPrevRandao", json!([value])).await, true);
    send(&chain, contract).await;
    assert_eq!(word().await, value);
}
