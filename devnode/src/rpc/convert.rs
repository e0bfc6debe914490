//! Conversion of blocks, transactions and receipts to Ethereum's RPC types, with Arbitrum's
//! additional fields.

use alloy::{
    consensus::{BlockBody, Transaction as _, transaction::Recovered},
    primitives::{U64, U256},
    rlp::Encodable,
    rpc::types::{self, BlockTransactions, Log, Transaction, TransactionReceipt},
};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::RpcError;
use crate::chain::{Block, IncludedTransaction, RecoveredTransaction};

/// Fields of Ethereum's headers that this chain lacks.
const ABSENT_IN_HEADS: [&str; 5] =
    ["withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"];

/// An object with one more field.
pub(super) fn with_field(mut object: Value, name: &str, content: Value) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.insert(name.to_owned(), content);
    }
    object
}

/// A block, with full transactions or only their hashes.
pub(super) fn block(block: &Block, full: bool) -> Result<Value, RpcError> {
    let transactions = if full {
        let count = block.transactions.len();
        BlockTransactions::Full((0..count).filter_map(|index| transaction(block, index)).collect())
    } else {
        let hashes = block.transactions.iter().map(IncludedTransaction::hash).collect();
        BlockTransactions::Hashes(hashes)
    };
    let header = rpc_header(block);
    let value = types::Block { header, uncles: Vec::new(), transactions, withdrawals: None };
    add_arbitrum_fields(block, value)
}

/// The header of a block.
pub(super) fn header(block: &Block) -> Result<Value, RpcError> {
    add_arbitrum_fields(block, rpc_header(block))
}

/// The header of a new block as subscribers receive it: without its size and Arbitrum's fields, and
/// with null for the fields of Ethereum that it lacks.
pub(super) fn head(block: &Block) -> Result<Value, RpcError> {
    let mut value = serde_json::to_value(types::Header::from_sealed(block.header.clone()))?;
    if let Value::Object(fields) = &mut value {
        for name in ABSENT_IN_HEADS {
            fields.insert(name.to_owned(), Value::Null);
        }
    }
    Ok(value)
}

/// The header of a block, with its size.
fn rpc_header(block: &Block) -> types::Header {
    let transactions =
        block.transactions.iter().map(|included| included.transaction.inner().clone()).collect();
    let body = BlockBody { transactions, ommers: Vec::new(), withdrawals: None };
    let size = alloy::consensus::Block::new(block.header.inner().clone(), body).length();
    let mut header = types::Header::from_sealed(block.header.clone());
    header.size = Some(U256::from(size));
    header
}

/// Adds Arbitrum's fields to a header or block.
fn add_arbitrum_fields(block: &Block, value: impl Serialize) -> Result<Value, RpcError> {
    let mut value = serde_json::to_value(value)?;
    if let Value::Object(fields) = &mut value {
        fields.insert("l1BlockNumber".to_owned(), json!(U64::from(block.l1_height())));
        fields.insert("sendCount".to_owned(), json!(U64::from(block.send_count())));
        fields.insert("sendRoot".to_owned(), json!(block.send_root()));
    }
    Ok(value)
}

/// A transaction of a block; `None` if the index is too high.
pub(super) fn transaction(block: &Block, index: usize) -> Option<Transaction> {
    let included = block.transactions.get(index)?;
    let envelope = included.transaction.inner().clone();
    let price = envelope.effective_gas_price(Some(block.base_fee()));
    Some(Transaction {
        inner: Recovered::new_unchecked(envelope, included.transaction.signer()),
        block_hash: Some(block.hash()),
        block_number: Some(block.height()),
        transaction_index: u64::try_from(index).ok(),
        effective_gas_price: Some(price),
        block_timestamp: None,
    })
}

/// The logs of each transaction of a block.
pub(super) fn logs_by_transaction(block: &Block) -> Vec<Vec<Log>> {
    let mut logs: Vec<Vec<Log>> = block.transactions.iter().map(|_| Vec::new()).collect();
    for log in block.logs() {
        let index = log.transaction_index.and_then(|index| usize::try_from(index).ok());
        if let Some(own) = index.and_then(|index| logs.get_mut(index)) {
            own.push(log);
        }
    }
    logs
}

/// A pooled transaction.
pub(super) fn pending_transaction(incoming: &RecoveredTransaction) -> Transaction {
    Transaction {
        inner: incoming.transaction.clone(),
        block_hash: None,
        block_number: None,
        transaction_index: None,
        effective_gas_price: None,
        block_timestamp: None,
    }
}

/// The receipt of a transaction of a block; null if the index is too high.
pub(super) fn receipt(block: &Block, index: usize) -> Result<Value, RpcError> {
    let Some(included) = block.transactions.get(index) else { return Ok(Value::Null) };
    let hash = included.hash();
    let logs: Vec<Log> = block.logs().filter(|log| log.transaction_hash == Some(hash)).collect();
    let before = block.transactions.iter().take(index);
    let before = before.map(|earlier| earlier.gas_used).fold(0, u64::saturating_add);
    let receipt = TransactionReceipt {
        inner: included.receipt(before, logs),
        transaction_hash: hash,
        transaction_index: u64::try_from(index).ok(),
        block_hash: Some(block.hash()),
        block_number: Some(block.height()),
        gas_used: included.gas_used,
        effective_gas_price: included.paid_price.into(),
        blob_gas_used: None,
        blob_gas_price: None,
        from: included.transaction.signer(),
        to: included.transaction.to(),
        contract_address: included.contract,
    };
    let mut value = serde_json::to_value(receipt)?;
    if let Value::Object(fields) = &mut value {
        let data_gas = U64::from(included.data_charge.gas);
        fields.insert("gasUsedForL1".to_owned(), json!(data_gas));
        fields.insert("l1BlockNumber".to_owned(), json!(U64::from(block.l1_height())));
        fields.insert("timeboosted".to_owned(), json!(false));
    }
    Ok(value)
}
