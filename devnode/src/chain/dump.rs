//! Dumps: the whole chain as bytes, and back. Used by the state file and by `anvil_dumpState`.

use std::sync::Arc;

use alloy::{
    consensus::{Header, Sealed, transaction::Recovered},
    eips::eip2718::Encodable2718,
    primitives::{Address, B256, Bytes, Log, keccak256},
    rlp::{Decodable, Encodable},
};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{
    Block, Chain, ChainClock, HeaderFields, IncludedTransaction, ParentClock, RecoveredTransaction,
    TransactionDecodeError,
    dump_error::{DUMP_VERSION, DumpError},
    submit::created_address,
    transaction::decode,
};
use crate::{
    exec::DataCharge,
    fork::{Fork, ForkOptions, ForkPoint},
    state::{Store, StoreDump},
};

/// First bytes of every dump.
const MAGIC: [u8; 8] = *b"devchain";

/// A chain, in serialised form.
#[derive(RlpEncodable, RlpDecodable)]
#[rlp(trailing)]
struct ChainDump {
    /// State.
    store: StoreDump,
    /// Blocks.
    blocks: Vec<BlockDump>,
    /// Clock.
    clock: ClockDump,
    /// Clock of the parent chain.
    parent_clock: ParentClockDump,
    /// Whether each transaction is mined at once.
    automine: bool,
    /// Pooled transactions.
    pool: Vec<TransactionDump>,
    /// What contracts see of a block and of the chain.
    header_fields: HeaderFields,
    /// What the chain continues; its state is not in the dump.
    fork: Option<ForkPoint>,
}

/// A block.
#[derive(RlpEncodable, RlpDecodable)]
struct BlockDump {
    /// Header.
    header: Header,
    /// Transactions.
    transactions: Vec<IncludedTransactionDump>,
}

/// A transaction in a block.
#[derive(RlpEncodable, RlpDecodable)]
struct IncludedTransactionDump {
    /// The transaction.
    transaction: TransactionDump,
    /// Whether it succeeded.
    success: bool,
    /// Gas charged.
    gas_used: u64,
    /// Units of data on the parent chain.
    data_units: u64,
    /// What of the gas is for them.
    data_gas: u64,
    /// Price paid, in wei per gas.
    paid_price: u64,
    /// Events.
    logs: Vec<Log>,
}

/// A transaction.
#[derive(RlpEncodable, RlpDecodable)]
struct TransactionDump {
    /// Encoding of the transaction.
    raw: Bytes,
    /// Sender; a signature need not contain it.
    sender: Address,
}

/// The clock of the parent chain.
#[derive(RlpEncodable, RlpDecodable)]
struct ParentClockDump {
    /// Height at the second `since`.
    height: u64,
    /// Unix second from which the height grows.
    since: u64,
    /// Seconds between blocks; zero if the height stands still.
    block_time: u64,
}

/// A clock.
#[derive(RlpEncodable, RlpDecodable)]
struct ClockDump {
    /// Seconds ahead of system time.
    ahead: u64,
    /// Seconds behind system time.
    behind: u64,
    /// Timestamp of the next block; at most one entry.
    next: Vec<u64>,
    /// Seconds between blocks; at most one entry.
    step: Vec<u64>,
}

impl Chain {
    /// Dumps everything but the snapshots: magic, version, checksum, RLP list.
    pub(crate) fn dump(&self) -> Vec<u8> {
        let dump = ChainDump {
            store: self.store.dump(),
            blocks: self.blocks.iter().map(|block| BlockDump::from_block(block)).collect(),
            clock: ClockDump::from_clock(self.clock),
            parent_clock: ParentClockDump {
                height: self.parent_clock.height,
                since: self.parent_clock.since,
                block_time: self.parent_clock.block_time.unwrap_or_default(),
            },
            automine: self.automine,
            pool: self
                .pool
                .iter()
                .map(|incoming| dump_transaction(&incoming.transaction))
                .collect(),
            header_fields: self.header_fields,
            fork: self.forked().map(|fork| fork.point()),
        };
        let mut body = Vec::with_capacity(dump.length());
        dump.encode(&mut body);
        [&MAGIC[..], &[DUMP_VERSION], keccak256(&body).as_slice(), &body].concat()
    }

    /// Restores a chain from a dump; one of a fork continues that of `options`.
    ///
    /// # Errors
    /// If the bytes are not a valid dump, or of another fork.
    pub(crate) fn from_dump(bytes: &[u8], options: &ForkOptions) -> Result<Self, DumpError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(DumpError::NotADump)?;
        let (&version, rest) = rest.split_first().ok_or(DumpError::Corrupted)?;
        if version != DUMP_VERSION {
            return Err(DumpError::UnsupportedVersion(version));
        }
        let (checksum, mut body) = rest.split_at_checked(32).ok_or(DumpError::Corrupted)?;
        if keccak256(body) != checksum {
            return Err(DumpError::Corrupted);
        }
        let dump = ChainDump::decode(&mut body)?;
        let fork = open_fork(dump.fork, options)?;
        let ParentClockDump { height, since, block_time } = dump.parent_clock;
        let block_time = Some(block_time).filter(|&seconds| seconds > 0);
        let mut chain = Self {
            clock: dump.clock.into_clock(),
            parent_clock: ParentClock { height, since, block_time },
            automine: dump.automine,
            header_fields: dump.header_fields,
            ..Self::with_store(Store::from_dump(dump.store)?.continue_fork(fork.clone()))
        };
        let first = match &fork {
            Some(fork) => (fork.point().height, fork.header().parent_hash),
            None => (0, B256::ZERO),
        };
        for block in dump.blocks {
            let block = block.into_block()?;
            let (height, parent) = match chain.blocks.last() {
                Some(parent) => (parent.height().saturating_add(1), parent.hash()),
                None => first,
            };
            if block.height() != height || block.header.parent_hash != parent {
                return Err(DumpError::BrokenLink(block.height()));
            }
            block.known_arbos().ok_or(DumpError::UnknownArbos(height))?;
            chain.push_block(Arc::new(block));
        }
        if chain.blocks.is_empty() {
            return Err(DumpError::BrokenLink(0));
        }
        chain.pool = dump.pool.iter().map(restore_transaction).collect::<Result<_, _>>()?;
        Ok(chain)
    }

    /// Replaces the content with that of another chain. Subscribers stay subscribed.
    pub(crate) fn replace_with(&mut self, other: Self) {
        let heads = std::mem::replace(&mut self.heads, other.heads.clone());
        let changes = std::mem::replace(&mut self.changes, other.changes.clone());
        let Self { order, prints_traces, .. } = *self;
        *self = Self { order, prints_traces, heads, changes, ..other };
        self.notify_change();
    }
}

impl BlockDump {
    /// Serialises a block.
    fn from_block(block: &Block) -> Self {
        let transactions = block.transactions.iter().map(|included| IncludedTransactionDump {
            transaction: dump_transaction(&included.transaction),
            success: included.success,
            gas_used: included.gas_used,
            data_units: included.data_charge.units,
            data_gas: included.data_charge.gas,
            paid_price: included.paid_price,
            logs: included.logs.clone(),
        });
        Self { header: block.header.inner().clone(), transactions: transactions.collect() }
    }

    /// Restores a block.
    fn into_block(self) -> Result<Block, DumpError> {
        let included = |dump: IncludedTransactionDump| {
            let RecoveredTransaction { transaction, .. } = restore_transaction(&dump.transaction)?;
            Ok(IncludedTransaction {
                contract: created_address(&transaction),
                transaction,
                success: dump.success,
                gas_used: dump.gas_used,
                data_charge: DataCharge { units: dump.data_units, gas: dump.data_gas },
                paid_price: dump.paid_price,
                logs: dump.logs,
            })
        };
        let transactions = self.transactions.into_iter().map(included);
        let transactions = transactions.collect::<Result<_, DumpError>>()?;
        Ok(Block { header: Sealed::new(self.header), transactions })
    }
}

impl ClockDump {
    /// Serialises a clock.
    fn from_clock(clock: ChainClock) -> Self {
        let distance = clock.offset.unsigned_abs();
        let (ahead, behind) = if clock.offset < 0 { (0, distance) } else { (distance, 0) };
        let list = |value: Option<u64>| value.into_iter().collect();
        Self { ahead, behind, next: list(clock.next_timestamp), step: list(clock.block_interval) }
    }

    /// Restores a clock.
    fn into_clock(self) -> ChainClock {
        ChainClock {
            offset: 0_i64.saturating_add_unsigned(self.ahead).saturating_sub_unsigned(self.behind),
            next_timestamp: self.next.first().copied(),
            block_interval: self.step.first().copied(),
        }
    }
}

/// Opens the fork that a dump continues, if it does.
///
/// # Errors
/// If it continues one, and the options name none or another one; if it cannot be opened.
fn open_fork(
    point: Option<ForkPoint>,
    options: &ForkOptions,
) -> Result<Option<Arc<Fork>>, DumpError> {
    let Some(point) = point else { return Ok(None) };
    if !options.is_fork() {
        return Err(DumpError::NeedsFork(point));
    }
    let block = options.block.or(Some(point.height));
    let fork = Fork::open(&ForkOptions { block, ..options.clone() })?;
    if fork.point() == point {
        Ok(Some(Arc::new(fork)))
    } else {
        Err(DumpError::OtherFork(fork.point()))
    }
}

/// Serialises a transaction.
fn dump_transaction(transaction: &Recovered<alloy::consensus::TxEnvelope>) -> TransactionDump {
    TransactionDump { raw: transaction.encoded_2718().into(), sender: transaction.signer() }
}

/// Restores a transaction.
fn restore_transaction(
    dump: &TransactionDump,
) -> Result<RecoveredTransaction, TransactionDecodeError> {
    let transaction = Recovered::new_unchecked(decode(&dump.raw)?, dump.sender);
    Ok(RecoveredTransaction { transaction, size: dump.raw.len() })
}
