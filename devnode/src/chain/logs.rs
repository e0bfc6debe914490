//! Logs, by block, address and topics.

use std::sync::Arc;

use alloy::{
    eips::BlockNumberOrTag,
    primitives::{self, Address, B256},
    rpc::types::{FilterBlockOption, Log},
};

use super::{Block, Chain, ChainError};

/// Which logs to find.
#[derive(Clone, Debug, Default)]
pub(crate) struct LogFilter {
    /// Blocks to search.
    pub(crate) blocks: FilterBlockOption,
    /// Accounts that may have emitted the log; empty for any.
    pub(crate) addresses: Vec<Address>,
    /// Topics that the log may have, by position; empty for any. A log has at least as many topics
    /// as there are positions.
    pub(crate) topics: Vec<Vec<B256>>,
}

impl LogFilter {
    /// Whether a log matches address and topics.
    fn matches(&self, log: &primitives::Log) -> bool {
        let any_of = |choices: &[B256], topic| choices.is_empty() || choices.contains(topic);
        (self.addresses.is_empty() || self.addresses.contains(&log.address))
            && self.topics.len() <= log.topics().len()
            && self.topics.iter().zip(log.topics()).all(|(choices, topic)| any_of(choices, topic))
    }

    /// The logs of a block that match address and topics, in order.
    pub(crate) fn matching_logs(&self, block: &Block) -> impl Iterator<Item = Log> {
        block.logs().filter(|log| self.matches(&log.inner))
    }
}

impl Chain {
    /// The logs that match a filter, in order.
    ///
    /// # Errors
    /// If the filter names blocks that do not exist.
    pub(crate) fn logs(&self, filter: &LogFilter) -> Result<Vec<Log>, ChainError> {
        let blocks = match filter.blocks {
            FilterBlockOption::AtBlockHash(hash) => {
                let block = self.block_by_hash(hash).ok_or(ChainError::UnknownBlock(hash))?;
                std::slice::from_ref(block)
            }
            FilterBlockOption::Range { from_block, to_block } => {
                let first = self.range_bound(from_block)?;
                let last = self.range_bound(to_block)?;
                if first > last || last > self.height() {
                    return Err(ChainError::InvalidBlockRange);
                }
                self.block_range(first, last)
            }
        };
        Ok(blocks.iter().flat_map(|block| filter.matching_logs(block)).collect())
    }

    /// The logs from block `first` on that match address and topics of a filter.
    pub(crate) fn logs_since(&self, first: u64, filter: &LogFilter) -> Vec<Log> {
        let blocks = self.block_range(first, self.height());
        blocks.iter().flat_map(|block| filter.matching_logs(block)).collect()
    }

    /// The blocks from `first` to `last`, inclusive, without those of a fork before its last.
    pub(crate) fn block_range(&self, first: u64, last: u64) -> &[Arc<Block>] {
        let start = self.first_height();
        let bound =
            |height: u64| usize::try_from(height.saturating_sub(start)).unwrap_or(usize::MAX);
        self.blocks.get(bound(first)..bound(last.saturating_add(1))).unwrap_or_default()
    }

    /// The height that one end of a range means; the latest if it is absent.
    fn range_bound(&self, tag: Option<BlockNumberOrTag>) -> Result<u64, ChainError> {
        match tag {
            None | Some(BlockNumberOrTag::Latest) => Ok(self.height()),
            Some(BlockNumberOrTag::Earliest) => Ok(0),
            Some(BlockNumberOrTag::Number(height)) => Ok(height),
            Some(BlockNumberOrTag::Pending) => Err(ChainError::PendingLogs),
            Some(BlockNumberOrTag::Safe) => Err(ChainError::TagHeaderNotFound("safe")),
            Some(BlockNumberOrTag::Finalized) => Err(ChainError::TagHeaderNotFound("finalized")),
        }
    }
}

impl Block {
    /// All logs of the block, with their position.
    pub(crate) fn logs(&self) -> impl Iterator<Item = Log> {
        let events = self.transactions.iter().enumerate().flat_map(|(index, included)| {
            included.logs.iter().map(move |log| (index, included.hash(), log))
        });
        events.enumerate().map(|(position, (index, hash, log))| Log {
            inner: log.clone(),
            block_hash: Some(self.hash()),
            block_number: Some(self.height()),
            block_timestamp: Some(self.header.timestamp),
            transaction_hash: Some(hash),
            transaction_index: u64::try_from(index).ok(),
            log_index: u64::try_from(position).ok(),
            removed: false,
        })
    }
}
