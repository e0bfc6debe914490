//! Blocks that are removed, or replaced by others.

use alloy::{
    eips::Encodable2718,
    network::{EthereumWallet, NetworkTransactionBuilder, TransactionBuilder},
    primitives::{Address, U256, address},
    providers::Provider,
    rpc::types::TransactionRequest,
    signers::local::PrivateKeySigner,
};
use serde_json::{Value, json};
use stylus_devnode::{CHAIN_ID, DEV_ADDRESS, DEV_KEY};

use crate::support::Chain;

/// An account to observe.
const ACCOUNT: Address = address!("00000000000000000000000000000000000f41e0");

/// Pays a wei in a block of its own, and returns the hash of the transaction.
async fn pay(chain: &Chain) -> Value {
    // The client remembers nonces, which a reorg takes back.
    let nonce = chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap();
    let request = TransactionRequest::default().with_to(ACCOUNT).with_value(U256::ONE);
    json!(chain.send(request.with_nonce(nonce)).await.transaction_hash)
}

/// The height, and what was paid.
async fn height_and_balance(chain: &Chain) -> (u64, U256) {
    let height = chain.provider.get_block_number().await.unwrap();
    (height, chain.provider.get_balance(ACCOUNT).await.unwrap())
}

/// The hash of a block.
async fn block_hash(chain: &Chain, height: u64) -> Value {
    chain.rpc("eth_getBlockByNumber", json!([format!("{height:#x}"), false])).await["hash"].take()
}

#[tokio::test]
async fn removed_blocks_leave_nothing_and_the_chain_goes_on() {
    let chain = Chain::start().await;
    pay(&chain).await;
    let (height, paid) = height_and_balance(&chain).await;
    let kept = block_hash(&chain, height).await;
    let (second, third) = (pay(&chain).await, pay(&chain).await);
    chain.rpc("anvil_rollback", json!([])).await;
    assert_eq!(height_and_balance(&chain).await, (height + 1, paid + U256::ONE));
    chain.rpc("anvil_rollback", json!(["0x1"])).await;
    assert_eq!(height_and_balance(&chain).await, (height, paid));
    assert_eq!(block_hash(&chain, height).await, kept);
    for hash in [second, third] {
        assert!(chain.rpc("eth_getTransactionReceipt", json!([hash])).await.is_null());
    }
    pay(&chain).await;
    assert_eq!(height_and_balance(&chain).await, (height + 1, paid + U256::ONE));
    let before = chain.rpc("eth_getBalance", json!([ACCOUNT, format!("{height:#x}")])).await;
    assert_eq!(before, json!(paid), "the state of blocks that stayed is there");
}

#[tokio::test]
async fn a_reorg_keeps_the_height_and_holds_the_given_transactions() {
    let chain = Chain::start().await;
    let (height, paid) = height_and_balance(&chain).await;
    let nonce = chain.provider.get_transaction_count(DEV_ADDRESS).await.unwrap();
    for _ in 0..3 {
        pay(&chain).await;
    }
    let old = [block_hash(&chain, height).await, block_hash(&chain, height + 3).await];
    let wallet = EthereumWallet::from(PrivateKeySigner::from_bytes(&DEV_KEY).unwrap());
    let request = TransactionRequest::default()
        .with_to(ACCOUNT)
        .with_value(U256::from(7))
        .with_nonce(nonce)
        .with_chain_id(CHAIN_ID)
        .with_gas_limit(100_000)
        .with_max_fee_per_gas(1_000_000_000)
        .with_max_priority_fee_per_gas(0);
    let raw = alloy::hex::encode_prefixed(request.build(&wallet).await.unwrap().encoded_2718());
    chain.rpc("anvil_reorg", json!([3, [[raw, 1]]])).await;
    assert_eq!(height_and_balance(&chain).await, (height + 3, paid + U256::from(7)));
    let new = [block_hash(&chain, height).await, block_hash(&chain, height + 3).await];
    assert_eq!((new[0] == old[0], new[1] == old[1]), (true, false));
    let block =
        chain.rpc("eth_getBlockByNumber", json!([format!("{:#x}", height + 2), false])).await;
    assert_eq!(block["transactions"].as_array().unwrap().len(), 1);

    // Empty blocks are replaced by others too, however little time passes.
    chain.rpc("anvil_mine", json!([2])).await;
    let old = block_hash(&chain, height + 5).await;
    chain.rpc("anvil_reorg", json!([2])).await;
    assert_eq!(height_and_balance(&chain).await.0, height + 5);
    assert_ne!(block_hash(&chain, height + 5).await, old);
}

#[tokio::test]
async fn snapshots_are_gone_after_a_reorg_and_too_many_blocks_are_an_error() {
    let chain = Chain::start().await;
    let snapshot = chain.rpc("evm_snapshot", json!([])).await;
    pay(&chain).await;
    chain.rpc("anvil_reorg", json!([1, []])).await;
    assert_eq!(chain.rpc("evm_revert", json!([snapshot])).await, false);
    for request in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "anvil_rollback", "params": [1_000_000]}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "anvil_reorg", "params": [1_000_000, []]}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "anvil_reorg", "params": [1, [["0x00", 1]]]}),
    ] {
        let answer = chain.node.raw_request(&request.to_string()).await;
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["error"]["code"], -32_602, "{answer}");
    }
}
