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
    Block, Chain, Clock, DecodeError, Included, Incoming, submit::contract, transaction::decode,
};
use crate::state::{Store, StoreImage};

/// First bytes of every image.
const MAGIC: [u8; 8] = *b"devchain";

/// The version of the form in which a chain is written down.
const VERSION: u8 = 1;

/// Why bytes are no chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImageError {
    /// Something else.
    #[error("it is not the state of a dev chain")]
    Foreign,
    /// Written by another version of this crate.
    #[error("it is of version {0}, and this is version {VERSION}")]
    Version(u8),
    /// Cut, or changed.
    #[error("it is damaged: the checksum does not fit")]
    Damaged,
    /// Not what a chain is written down as.
    #[error("it cannot be read: {0}")]
    Rlp(#[from] rlp::Error),
    /// A transaction that is none.
    #[error("it has a transaction that cannot be read: {0}")]
    Transaction(#[from] DecodeError),
    /// A block that does not follow the one before it.
    #[error("block {0} does not follow the one before")]
    Link(u64),
}

/// A chain in the form in which it is written down.
#[derive(RlpEncodable, RlpDecodable)]
struct ChainImage {
    /// Its state.
    store: StoreImage,
    /// Its blocks.
    blocks: Vec<BlockImage>,
    /// Its clock.
    clock: ClockImage,
    /// Whether blocks are made at once.
    automine: bool,
    /// Transactions that wait.
    pool: Vec<TransactionImage>,
}

/// A block.
#[derive(RlpEncodable, RlpDecodable)]
struct BlockImage {
    /// Its header.
    header: Header,
    /// Its transactions.
    transactions: Vec<IncludedImage>,
}

/// A transaction in a block.
#[derive(RlpEncodable, RlpDecodable)]
struct IncludedImage {
    /// The transaction.
    transaction: TransactionImage,
    /// Whether it succeeded.
    success: bool,
    /// Gas that was paid for.
    gas_used: u64,
    /// Events.
    logs: Vec<Log>,
}

/// A transaction.
#[derive(RlpEncodable, RlpDecodable)]
struct TransactionImage {
    /// Its encoding.
    raw: Bytes,
    /// Who sent it, which the signature need not tell.
    sender: Address,
}

/// A clock.
#[derive(RlpEncodable, RlpDecodable)]
struct ClockImage {
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
    pub(crate) fn image(&self) -> Vec<u8> {
        let image = ChainImage {
            store: self.store.image(),
            blocks: self.blocks.iter().map(|block| BlockImage::of(block)).collect(),
            clock: ClockImage::of(self.clock),
            automine: self.automine,
            pool: self.pool.iter().map(|incoming| of(&incoming.transaction)).collect(),
        };
        let mut body = Vec::with_capacity(image.length());
        image.encode(&mut body);
        [&MAGIC[..], &[VERSION], keccak256(&body).as_slice(), &body].concat()
    }

    /// The chain that was written down.
    ///
    /// # Errors
    /// If the bytes are no chain, or not a whole one.
    pub(crate) fn from_image(bytes: &[u8]) -> Result<Self, ImageError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(ImageError::Foreign)?;
        let (&version, rest) = rest.split_first().ok_or(ImageError::Damaged)?;
        if version != VERSION {
            return Err(ImageError::Version(version));
        }
        let (checksum, mut body) = rest.split_at_checked(32).ok_or(ImageError::Damaged)?;
        if keccak256(body) != checksum {
            return Err(ImageError::Damaged);
        }
        let image = ChainImage::decode(&mut body)?;
        let mut chain = Self {
            clock: image.clock.read(),
            automine: image.automine,
            ..Self::over(Store::from_image(image.store)?)
        };
        for block in image.blocks {
            let block = block.read()?;
            let (height, parent) = match chain.blocks.last() {
                Some(parent) => (parent.height().saturating_add(1), parent.hash()),
                None => (0, B256::ZERO),
            };
            if block.height() != height || block.header.parent_hash != parent {
                return Err(ImageError::Link(block.height()));
            }
            chain.link(Arc::new(block));
        }
        if chain.blocks.is_empty() {
            return Err(ImageError::Link(0));
        }
        chain.pool = image.pool.iter().map(incoming).collect::<Result<_, _>>()?;
        Ok(chain)
    }

    /// Becomes another chain; whoever listens to this one goes on listening.
    pub(crate) fn become_other(&mut self, other: Self) {
        let heads = std::mem::replace(&mut self.heads, other.heads.clone());
        let changes = std::mem::replace(&mut self.changes, other.changes.clone());
        *self = Self { heads, changes, ..other };
        self.touch();
    }
}

impl BlockImage {
    /// Writes a block down.
    fn of(block: &Block) -> Self {
        let transactions = block.transactions.iter().map(|included| IncludedImage {
            transaction: of(&included.transaction),
            success: included.success,
            gas_used: included.gas_used,
            logs: included.logs.clone(),
        });
        Self { header: block.header.inner().clone(), transactions: transactions.collect() }
    }

    /// Reads it again.
    fn read(self) -> Result<Block, ImageError> {
        let included = |image: IncludedImage| {
            let Incoming { transaction, .. } = incoming(&image.transaction)?;
            Ok(Included {
                contract: contract(&transaction),
                transaction,
                success: image.success,
                gas_used: image.gas_used,
                logs: image.logs,
            })
        };
        let transactions = self.transactions.into_iter().map(included);
        let transactions = transactions.collect::<Result<_, ImageError>>()?;
        Ok(Block { header: Sealed::new(self.header), transactions })
    }
}

impl ClockImage {
    /// Writes a clock down.
    fn of(clock: Clock) -> Self {
        let distance = clock.offset.unsigned_abs();
        let (ahead, behind) = if clock.offset < 0 { (0, distance) } else { (distance, 0) };
        let list = |value: Option<u64>| value.into_iter().collect();
        Self { ahead, behind, next: list(clock.next), step: list(clock.step) }
    }

    /// Reads it again.
    fn read(self) -> Clock {
        Clock {
            offset: 0_i64.saturating_add_unsigned(self.ahead).saturating_sub_unsigned(self.behind),
            next: self.next.first().copied(),
            step: self.step.first().copied(),
        }
    }
}

/// Writes a transaction down.
fn of(transaction: &Recovered<alloy::consensus::TxEnvelope>) -> TransactionImage {
    TransactionImage { raw: transaction.encoded_2718().into(), sender: transaction.signer() }
}

/// Reads it again.
fn incoming(image: &TransactionImage) -> Result<Incoming, DecodeError> {
    let transaction = Recovered::new_unchecked(decode(&image.raw)?, image.sender);
    Ok(Incoming { transaction, size: image.raw.len() })
}
