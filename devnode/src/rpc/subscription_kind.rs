//! Kinds of subscriptions: what they report of each event of the chain.

use std::sync::Arc;

use alloy::primitives::{B256, map::B256Set};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Args, RpcError, convert, log_filter};
use crate::chain::{Block, ChainEvent, LogFilter, RecoveredTransaction};

/// Maximum transactions of one subscription to receipts.
const MAX_HASHES: usize = 200;

/// The namespace that has subscriptions.
const NAMESPACE: &str = "eth";

/// What a subscription reports.
#[derive(Debug)]
pub(super) enum SubscriptionKind {
    /// Headers of new blocks.
    Heads,
    /// Logs of new blocks.
    Logs(LogFilter),
    /// New transactions, in full if `true`, else their hashes.
    Transactions(bool),
    /// Receipts of the transactions with these hashes, or of all if it is empty.
    Receipts(B256Set),
}

/// The transactions whose receipts are reported.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ReceiptsOptions {
    /// Hashes; none for all transactions.
    transaction_hashes: Option<Vec<B256>>,
}

impl SubscriptionKind {
    /// Parses the arguments of `eth_subscribe`.
    ///
    /// # Errors
    /// If there is no such subscription, or an argument is invalid.
    pub(super) fn parse(namespace: &str, mut args: Args) -> Result<Self, RpcError> {
        let Ok(name) = args.take::<String>() else { return Err(RpcError::NoSubscriptionName) };
        let kind = match name.as_str() {
            _ if namespace != NAMESPACE => None,
            "newHeads" => Some(Self::Heads),
            "logs" => {
                let filter: Option<Value> = args.optional()?;
                let filter = filter.unwrap_or_else(|| json!({}));
                Some(Self::Logs(log_filter::parse(&filter, 1)?))
            }
            "newPendingTransactions" => {
                Some(Self::Transactions(args.optional()?.unwrap_or_default()))
            }
            "transactionReceipts" => {
                let options: ReceiptsOptions = args.optional()?.unwrap_or_default();
                let hashes = options.transaction_hashes.unwrap_or_default();
                if hashes.len() > MAX_HASHES {
                    return Err(RpcError::TooManyHashes(MAX_HASHES));
                }
                Some(Self::Receipts(hashes.into_iter().collect()))
            }
            _ => None,
        };
        let kind = kind.ok_or_else(|| RpcError::UnknownSubscription {
            name,
            namespace: namespace.to_owned(),
        })?;
        args.finish()?;
        Ok(kind)
    }

    /// Whether the subscription follows new transactions instead of new blocks.
    pub(super) const fn is_of_transactions(&self) -> bool {
        matches!(self, Self::Transactions(_))
    }

    /// The contents of the notifications of an event.
    ///
    /// # Errors
    /// If something cannot be serialized.
    pub(super) fn messages(&self, event: &ChainEvent) -> Result<Vec<Value>, RpcError> {
        match event {
            ChainEvent::Block(block) => self.block_messages(block),
            ChainEvent::Transaction(incoming) => self.transaction_messages(incoming),
        }
    }

    /// The contents of the notifications of a new block.
    fn block_messages(&self, block: &Block) -> Result<Vec<Value>, RpcError> {
        match self {
            Self::Heads => Ok(vec![convert::head(block)?]),
            Self::Logs(filter) => {
                filter.matching_logs(block).map(|log| Ok(serde_json::to_value(log)?)).collect()
            }
            Self::Receipts(hashes) => {
                let indices = block.transactions.iter().enumerate();
                let receipts: Vec<Value> = indices
                    .filter(|(_, included)| hashes.is_empty() || hashes.contains(&included.hash()))
                    .map(|(index, _)| convert::receipt(block, index))
                    .collect::<Result<_, _>>()?;
                Ok(if receipts.is_empty() { Vec::new() } else { vec![Value::from(receipts)] })
            }
            Self::Transactions(_) => Ok(Vec::new()),
        }
    }

    /// The contents of the notifications of a new transaction.
    fn transaction_messages(
        &self,
        incoming: &Arc<RecoveredTransaction>,
    ) -> Result<Vec<Value>, RpcError> {
        match self {
            Self::Transactions(true) => {
                Ok(vec![serde_json::to_value(convert::pending_transaction(incoming))?])
            }
            Self::Transactions(false) => Ok(vec![json!(incoming.hash())]),
            _ => Ok(Vec::new()),
        }
    }
}
