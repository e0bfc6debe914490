//! Mining modes, and pooled transactions.

use alloy::{
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};

use crate::support::{Chain, until};

/// A transfer of one wei from the dev account, sent by the node.
async fn transfer(chain: &Chain, more: Value) -> Value {
    let mut request =
        json!({"from": stylus_devnode::DEV_ADDRESS, "to": Address::repeat_byte(7), "value": "0x1"});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    chain.request("eth_sendTransaction", json!([request])).await
}

#[tokio::test]
async fn pooled_transactions_share_a_block() {
    let chain = Chain::start().await;
    assert_eq!(chain.rpc("anvil_getAutomine", json!([])).await, true);
    chain.rpc("evm_setAutomine", json!([false])).await;
    let mut hashes = Vec::new();
    for _ in 0..3 {
        hashes.push(transfer(&chain, json!({})).await["result"].take());
    }
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7);
    let waiting = chain.rpc("eth_getTransactionByHash", json!([hashes[0]])).await;
    assert_eq!((&waiting["hash"], &waiting["blockHash"]), (&hashes[0], &Value::Null));
    assert_eq!(chain.rpc("eth_getTransactionReceipt", json!([hashes[0]])).await, Value::Null);
    assert_eq!(
        chain.rpc("txpool_status", json!([])).await,
        json!({"pending": "0x3", "queued": "0x0"})
    );
    let count =
        |tag| chain.rpc("eth_getTransactionCount", json!([stylus_devnode::DEV_ADDRESS, tag]));
    assert_eq!((count("latest").await, count("pending").await), (json!("0x6"), json!("0x9")));

    chain.rpc("evm_mine", json!([])).await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["transactions"], json!(hashes));
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hashes[2]])).await;
    assert_eq!((&receipt["status"], &receipt["transactionIndex"]), (&json!("0x1"), &json!("0x2")));
    assert_eq!(receipt["cumulativeGasUsed"], json!(format!("{:#x}", 3 * 21_000)));
    let taken = chain.provider.get_balance(Address::repeat_byte(7)).await.unwrap();
    assert_eq!(taken, U256::from(3));
}

#[tokio::test]
async fn pooled_transactions_can_be_replaced_or_dropped() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setAutomine", json!([false])).await;
    let price = |gwei: u64| json!({"nonce": "0x6", "gas": "0x5208", "gasPrice": format!("{:#x}", gwei * 1_000_000_000)});
    let first = transfer(&chain, price(10)).await["result"].take();
    assert_eq!(transfer(&chain, price(10)).await["error"]["message"], "already known");
    assert_eq!(
        transfer(&chain, json!({"nonce": "0x6", "gas": "0x5209", "gasPrice": "0x2540be400"})).await
            ["error"]["message"],
        "replacement transaction underpriced"
    );
    let second = transfer(&chain, price(11)).await["result"].take();
    assert_ne!(first, second);
    assert_eq!(chain.rpc("eth_getTransactionByHash", json!([first])).await, Value::Null);
    let content = chain.rpc("txpool_content", json!([])).await;
    let sender = format!("{:#x}", stylus_devnode::DEV_ADDRESS);
    assert_eq!(content["pending"][&sender]["6"]["hash"], second);
    let summary = chain.rpc("txpool_inspect", json!([])).await;
    let line = format!("{}: 1 wei + 21000 gas × 11000000000 wei", Address::repeat_byte(7));
    assert_eq!(summary, json!({"pending": {&sender: {"6": line}}, "queued": {}}));
    let gap = transfer(&chain, json!({"nonce": "0x8", "gas": "0x5208"})).await["result"].take();
    let content = chain.rpc("txpool_content", json!([])).await;
    assert_eq!(content["queued"][&sender]["8"]["hash"], gap);
    assert_eq!(chain.rpc("anvil_dropTransaction", json!([gap])).await, gap);

    assert_eq!(chain.rpc("anvil_dropTransaction", json!([second])).await, second);
    assert_eq!(chain.rpc("anvil_dropTransaction", json!([second])).await, Value::Null);
    transfer(&chain, json!({})).await;
    chain.rpc("anvil_removePoolTransactions", json!([Address::repeat_byte(7)])).await;
    let status = chain.rpc("txpool_status", json!([])).await;
    assert_eq!(status["pending"], "0x1", "another account's");
    for (method, params) in [
        ("anvil_dropAllTransactions", json!([])),
        ("anvil_removePoolTransactions", json!([stylus_devnode::DEV_ADDRESS])),
    ] {
        transfer(&chain, json!({})).await;
        chain.rpc(method, params).await;
        let status = chain.rpc("txpool_status", json!([])).await;
        assert_eq!(status["pending"], "0x0", "{method}");
    }
    chain.rpc("evm_mine", json!([])).await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["transactions"], json!([]));
}

#[tokio::test]
async fn a_block_is_filled_up_to_its_gas_limit() {
    let chain = Chain::start().await;
    chain.rpc("anvil_setAutomine", json!([false])).await;
    for _ in 0..3 {
        // A block has 32 million gas; gas that a transaction does not use is available to the next
        // one.
        let sent = transfer(&chain, json!({"gas": format!("{:#x}", 31_990_000)})).await;
        assert!(sent.get("error").is_none(), "{sent}");
    }
    let counts = async || {
        chain.rpc("evm_mine", json!([])).await;
        let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
        block["transactions"].as_array().unwrap().len()
    };
    assert_eq!([counts().await, counts().await, counts().await, counts().await], [1, 1, 1, 0]);
}

#[tokio::test]
async fn pooled_transactions_are_mined_when_automine_is_enabled() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let hash = transfer(&chain, json!({})).await["result"].take();
    chain.rpc("evm_setAutomine", json!([true])).await;
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["blockNumber"], "0x8");
}

#[tokio::test]
async fn unaffordable_transactions_are_dropped() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let hash = transfer(&chain, json!({"value": "0xde0b6b3a7640000"})).await["result"].take();
    chain.rpc("anvil_setBalance", json!([stylus_devnode::DEV_ADDRESS, "0x1"])).await;
    chain.rpc("evm_mine", json!([])).await;
    assert_eq!(chain.rpc("eth_getTransactionByHash", json!([hash])).await, Value::Null);
}

#[tokio::test]
async fn signed_transactions_are_pooled_in_any_order() {
    let chain = Chain::start().await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let request = |nonce| {
        let to = Address::repeat_byte(7);
        let request = TransactionRequest::default().with_to(to).with_nonce(nonce);
        chain.provider.send_transaction(request.with_gas_limit(21_000))
    };
    let (second, first) = tokio::join!(request(7), request(6));
    let (second, first) = (*second.unwrap().tx_hash(), *first.unwrap().tx_hash());
    chain.rpc("evm_mine", json!([])).await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["transactions"], json!([first, second]));
}

#[tokio::test]
async fn interval_mining_can_be_changed() {
    let chain = Chain::start().await;
    assert_eq!(chain.rpc("anvil_getIntervalMining", json!([])).await, Value::Null);
    chain.rpc("evm_setIntervalMining", json!([1])).await;
    chain.rpc("evm_setAutomine", json!([false])).await;
    let hash = transfer(&chain, json!({})).await["result"].take();
    until(async || !chain.rpc("eth_getTransactionReceipt", json!([hash])).await.is_null()).await;
    chain.rpc("evm_setIntervalMining", json!([0])).await;
    let still = chain.provider.get_block_number().await.unwrap();
    for _ in 0..200 {
        let height = chain.provider.get_block_number().await.unwrap();
        assert!(height <= still + 1, "one block may be in progress");
    }

    chain.rpc("anvil_setIntervalMining", json!([1])).await;
    assert_eq!(chain.rpc("anvil_getIntervalMining", json!([])).await, 1);
    assert_eq!(chain.rpc("hardhat_getAutomine", json!([])).await, false);
    until(async || chain.provider.get_block_number().await.unwrap() > still + 1).await;
}

#[tokio::test]
async fn the_base_fee_can_be_set() {
    let chain = Chain::start().await;
    chain.rpc("hardhat_setNextBlockBaseFeePerGas", json!(["0x77359400"])).await;
    assert_eq!(chain.rpc("eth_gasPrice", json!([])).await, "0x77359400");
    let hash = transfer(&chain, json!({})).await["result"].take();
    let receipt = chain.rpc("eth_getTransactionReceipt", json!([hash])).await;
    assert_eq!(receipt["effectiveGasPrice"], "0x77359400");
}

#[tokio::test]
async fn too_many_blocks_at_once_are_rejected() {
    let chain = Chain::start().await;
    let response = chain.request("hardhat_mine", json!(["0xffffffff"])).await;
    assert_eq!(response["error"]["message"], "too many blocks: at most 100000 per request");
    assert_eq!(chain.provider.get_block_number().await.unwrap(), 7);
}
