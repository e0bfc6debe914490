//! The whole chain as bytes: what is written down, how it is told from anything else, and how a chain
//! is made of it again. Where it is kept is not decided here.

use std::sync::Arc;

use alloy::{
    consensus::{Header, Sealed, transaction::Recovered},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, Log, keccak256},
    rlp::{self, Decodable, Encodable},
};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{
    Block, Chain, ChainClock, IncludedTransaction, RecoveredTransaction, TransactionDecodeError,
    submit::created_address, transaction::decode,
};
use crate::state::{Store, StoreDump};

/// First bytes of every image.
const MAGIC: [u8; 8] = *b"devchain";

/// The version of the form in which a chain is written down.
const VERSION: u8 = 1;

/// Why bytes are no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DumpError {
    /// Something else.
    #[error("it is not the state of a dev chain")]
    NotADump,
    /// Written by another version of this crate.
    #[error("it is of version {0}, and this is version {VERSION}")]
    UnsupportedVersion(u8),
    /// Cut, or changed.
    #[error("it is damaged: the checksum does not fit")]
    Corrupted,
    /// Not what a chain is written down as.
    #[error("it cannot be read: {0}")]
    Rlp(#[from] rlp::Error),
    /// A transaction that is none.
    #[error("it has a transaction that cannot be read: {0}")]
    Transaction(#[from] TransactionDecodeError),
    /// A block that does not follow the one before it.
    #[error("block {0} does not follow the one before")]
    BrokenLink(u64),
}

/// A chain in the form in which it is written down.
#[derive(RlpEncodable, RlpDecodable)]
struct ChainDump {
    /// Its state.
    store: StoreDump,
    /// Its blocks.
    blocks: Vec<BlockDump>,
    /// Its clock.
    clock: ClockDump,
    /// Whether blocks are made at once.
    automine: bool,
    /// Transactions that wait.
    pool: Vec<TransactionDump>,
}

/// A block.
#[derive(RlpEncodable, RlpDecodable)]
struct BlockDump {
    /// Its header.
    header: Header,
    /// Its transactions.
    transactions: Vec<IncludedTransactionDump>,
}

/// A transaction in a block.
#[derive(RlpEncodable, RlpDecodable)]
struct IncludedTransactionDump {
    /// The transaction.
    transaction: TransactionDump,
    /// Whether it succeeded.
    success: bool,
    /// Gas that was paid for.
    gas_used: u64,
    /// Events.
    logs: Vec<Log>,
}

/// A transaction.
#[derive(RlpEncodable, RlpDecodable)]
struct TransactionDump {
    /// Its encoding.
    raw: Bytes,
    /// Who sent it, which the signature need not tell.
    sender: Address,
}

/// A clock.
#[derive(RlpEncodable, RlpDecodable)]
struct ClockDump {
    /// Seconds ahead of the wall clock.
    ahead: u64,
    /// Seconds behind the wall clock.
    behind: u64,
    /// The promised time, if there is one.
    next: Vec<u64>,
    /// The step, if there is one.
    step: Vec<u64>,
}

impl Chain {
    /// All of it but the snapshots: magic, version, checksum, and an RLP list.
    pub(crate) fn dump(&self) -> Vec<u8> {
        let dump = ChainDump {
            store: self.store.dump(),
            blocks: self.blocks.iter().map(|block| BlockDump::from_block(block)).collect(),
            clock: ClockDump::from_clock(self.clock),
            automine: self.automine,
            pool: self
                .pool
                .iter()
                .map(|incoming| dump_transaction(&incoming.transaction))
                .collect(),
        };
        let mut body = Vec::with_capacity(dump.length());
        dump.encode(&mut body);
        [&MAGIC[..], &[VERSION], keccak256(&body).as_slice(), &body].concat()
    }

    /// The chain that was written down.
    ///
    /// # Errors
    /// If the bytes are no chain, or not a whole one.
    pub(crate) fn from_dump(bytes: &[u8]) -> Result<Self, DumpError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(DumpError::NotADump)?;
        let (&version, rest) = rest.split_first().ok_or(DumpError::Corrupted)?;
        if version != VERSION {
            return Err(DumpError::UnsupportedVersion(version));
        }
        let (checksum, mut body) = rest.split_at_checked(32).ok_or(DumpError::Corrupted)?;
        if keccak256(body) != checksum {
            return Err(DumpError::Corrupted);
        }
        let dump = ChainDump::decode(&mut body)?;
        let mut chain = Self {
            clock: dump.clock.into_clock(),
            automine: dump.automine,
            ..Self::with_store(Store::from_dump(dump.store)?)
        };
        for block in dump.blocks {
            let block = block.into_block()?;
            let (height, parent) = match chain.blocks.last() {
                Some(parent) => (parent.height().saturating_add(1), parent.hash()),
                None => (0, B256::ZERO),
            };
            if block.height() != height || block.header.parent_hash != parent {
                return Err(DumpError::BrokenLink(block.height()));
            }
            chain.push_block(Arc::new(block));
        }
        if chain.blocks.is_empty() {
            return Err(DumpError::BrokenLink(0));
        }
        chain.pool = dump.pool.iter().map(restore_transaction).collect::<Result<_, _>>()?;
        Ok(chain)
    }

    /// Becomes another chain; whoever listens to this one goes on listening.
    pub(crate) fn replace_with(&mut self, other: Self) {
        let heads = std::mem::replace(&mut self.heads, other.heads.clone());
        let changes = std::mem::replace(&mut self.changes, other.changes.clone());
        *self = Self { heads, changes, ..other };
        self.notify_change();
    }
}

impl BlockDump {
    /// Writes a block down.
    fn from_block(block: &Block) -> Self {
        let transactions = block.transactions.iter().map(|included| IncludedTransactionDump {
            transaction: dump_transaction(&included.transaction),
            success: included.success,
            gas_used: included.gas_used,
            logs: included.logs.clone(),
        });
        Self { header: block.header.inner().clone(), transactions: transactions.collect() }
    }

    /// Reads it again.
    fn into_block(self) -> Result<Block, DumpError> {
        let included = |dump: IncludedTransactionDump| {
            let RecoveredTransaction { transaction, .. } = restore_transaction(&dump.transaction)?;
            Ok(IncludedTransaction {
                contract: created_address(&transaction),
                transaction,
                success: dump.success,
                gas_used: dump.gas_used,
                logs: dump.logs,
            })
        };
        let transactions = self.transactions.into_iter().map(included);
        let transactions = transactions.collect::<Result<_, DumpError>>()?;
        Ok(Block { header: Sealed::new(self.header), transactions })
    }
}

impl ClockDump {
    /// Writes a clock down.
    fn from_clock(clock: ChainClock) -> Self {
        let distance = clock.offset.unsigned_abs();
        let (ahead, behind) = if clock.offset < 0 { (0, distance) } else { (distance, 0) };
        let list = |value: Option<u64>| value.into_iter().collect();
        Self { ahead, behind, next: list(clock.next_timestamp), step: list(clock.block_interval) }
    }

    /// Reads it again.
    fn into_clock(self) -> ChainClock {
        ChainClock {
            offset: 0_i64.saturating_add_unsigned(self.ahead).saturating_sub_unsigned(self.behind),
            next_timestamp: self.next.first().copied(),
            block_interval: self.step.first().copied(),
        }
    }
}

/// Writes a transaction down.
fn dump_transaction(transaction: &Recovered<alloy::consensus::TxEnvelope>) -> TransactionDump {
    TransactionDump { raw: transaction.encoded_2718().into(), sender: transaction.signer() }
}

/// Reads it again.
fn restore_transaction(
    dump: &TransactionDump,
) -> Result<RecoveredTransaction, TransactionDecodeError> {
    let transaction = Recovered::new_unchecked(decode(&dump.raw)?, dump.sender);
    Ok(RecoveredTransaction { transaction, size: dump.raw.len() })
}
