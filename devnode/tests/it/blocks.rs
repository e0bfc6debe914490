//! Blocks: when they are mined, and that blocks, transactions and receipts agree.

use alloy::{
    consensus::Transaction as _,
    eips::{BlockId, BlockNumberOrTag},
    network::TransactionBuilder,
    primitives::{Address, U256},
    providers::Provider,
    rpc::types::TransactionRequest,
};
use serde_json::{Value, json};

use crate::support::Chain;

/// A transfer of one wei.
fn transfer() -> TransactionRequest {
    TransactionRequest::default().with_to(Address::repeat_byte(9)).with_value(U256::ONE)
}

#[tokio::test]
async fn each_transaction_is_mined_at_once() {
    let chain = Chain::start().await;
    let before = chain.provider.get_block_number().await.unwrap();
    let receipt = chain.send(transfer()).await;
    assert_eq!(receipt.block_number, Some(before + 1));
    assert_eq!(chain.provider.get_block_number().await.unwrap(), before + 1);
}

#[tokio::test]
async fn blocks_transactions_and_receipts_agree() {
    let chain = Chain::start().await;
    let receipt = chain.send(transfer()).await;
    let number = BlockNumberOrTag::Number(receipt.block_number.unwrap());
    let block = chain.provider.get_block_by_number(number).full().await.unwrap().unwrap();
    assert_eq!(Some(block.header.hash), receipt.block_hash);
    assert_eq!(block.header.hash, block.header.inner.hash_slow(), "the hash is that of the header");
    assert_eq!(block.header.gas_used, receipt.gas_used);
    let transaction = &block.transactions.as_transactions().unwrap()[0];
    assert_eq!(transaction.inner.hash(), &receipt.transaction_hash);
    assert_eq!(transaction.transaction_index, receipt.transaction_index);
    assert_eq!(transaction.value(), U256::ONE);
    let same = chain.provider.get_block(BlockId::hash(block.header.hash)).await.unwrap().unwrap();
    assert_eq!(same.header, block.header);
    let receipts = chain.provider.get_block_receipts(number.into()).await.unwrap().unwrap();
    assert_eq!(receipts, [receipt]);
}

#[tokio::test]
async fn blocks_are_chained() {
    let chain = Chain::start().await;
    let mut parent = None;
    for height in 0..=7 {
        let block = chain.provider.get_block_by_number(height.into()).await.unwrap().unwrap();
        assert!(parent.is_none_or(|hash| hash == block.header.parent_hash));
        parent = Some(block.header.hash);
    }
}

#[tokio::test]
async fn past_state_can_be_read() {
    let chain = Chain::start().await;
    let to = Address::repeat_byte(9);
    let first = chain.send(transfer()).await.block_number.unwrap();
    chain.send(transfer()).await;
    let at = |id: BlockId| chain.provider.get_balance(to).block_id(id).into_future();
    assert_eq!(at((first - 1).into()).await.unwrap(), U256::ZERO);
    assert_eq!(at(first.into()).await.unwrap(), U256::ONE);
    assert_eq!(at(BlockId::latest()).await.unwrap(), U256::from(2));
    assert_eq!(at(BlockId::earliest()).await.unwrap(), U256::ZERO);
    let future = chain.request("eth_getBalance", json!([to, "0xffffff"])).await;
    assert_eq!(future["error"], json!({"code": -32000, "message": "header not found"}));
    let safe = chain.request("eth_getBalance", json!([to, "safe"])).await;
    assert_eq!(safe["error"]["message"], "safe block not found");
}

#[tokio::test]
async fn unknown_hashes_and_heights_return_null() {
    let chain = Chain::start().await;
    let unknown = json!(["0x7777777777777777777777777777777777777777777777777777777777777777"]);
    for method in ["eth_getTransactionByHash", "eth_getTransactionReceipt", "eth_getHeaderByHash"] {
        assert_eq!(chain.rpc(method, unknown.clone()).await, Value::Null, "{method}");
    }
    assert_eq!(chain.rpc("eth_getBlockByNumber", json!(["0xffffff", true])).await, Value::Null);
}

#[tokio::test]
async fn blocks_have_arbitrums_fields() {
    let chain = Chain::start().await;
    let block = chain.rpc("eth_getBlockByNumber", json!(["latest", false])).await;
    assert_eq!(block["miner"], "0xa4b000000000000000000073657175656e636572");
    assert_eq!(block["gasLimit"], "0x4000000000000");
    assert_eq!([&block["l1BlockNumber"], &block["difficulty"]], ["0x0", "0x1"]);
    let pending = chain.rpc("eth_getBlockByNumber", json!(["pending", false])).await;
    assert_eq!((&pending["number"], &pending["hash"]), (&block["number"], &Value::Null));
}

#[tokio::test]
async fn a_fee_history_has_one_more_base_fee_than_blocks() {
    let chain = Chain::start().await;
    let tag = BlockNumberOrTag::Latest;
    let history = chain.provider.get_fee_history(3, tag, &[20.0]).await.unwrap();
    assert_eq!(history.base_fee_per_gas, [100_000_000; 4]);
    assert_eq!(history.reward, Some(vec![vec![0]; 3]));
    assert_eq!(history.oldest_block, 5);
    assert!(history.gas_used_ratio.iter().all(|ratio| (0.0..=1.0).contains(ratio)));
}
