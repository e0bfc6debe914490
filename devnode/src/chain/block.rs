//! Blocks: header, transactions and their results.

use alloy::{
    consensus::{
        Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Sealed, TxEnvelope,
        TxType,
        constants::EMPTY_OMMER_ROOT_HASH,
        proofs::{calculate_receipt_root, calculate_transaction_root},
        transaction::Recovered,
    },
    primitives::{Address, B64, B256, Bloom, Bytes, Log, U256, logs_bloom},
};

use super::header_cheats::HeaderFields;
use crate::{
    exec::DataCharge,
    state::{arbos_version::ArbosVersion, batch_posters::BATCH_POSTER},
};

/// Beneficiary of every block but the first.
pub(crate) const SEQUENCER: Address = BATCH_POSTER;

/// Gas limit in block headers.
pub(super) const GAS_LIMIT: u64 = 1 << 50;

/// Index of the byte of the mix hash that tells whether tips are paid after the block.
const TIPS_BYTE: usize = 25;

/// Index of the byte of the mix hash that is ArbOS's version.
const VERSION_BYTE: usize = 23;

/// A transaction in a block.
#[derive(Debug)]
pub(crate) struct IncludedTransaction {
    /// The transaction and its sender.
    pub(crate) transaction: Recovered<TxEnvelope>,
    /// Whether it succeeded.
    pub(crate) success: bool,
    /// Gas charged.
    pub(crate) gas_used: u64,
    /// What of it is for data on the parent chain.
    pub(crate) data_charge: DataCharge,
    /// Price paid, in wei per gas.
    pub(crate) paid_price: u64,
    /// Events, in order.
    pub(crate) logs: Vec<Log>,
    /// The address of the contract, if the transaction is a creation, successful or not.
    pub(crate) contract: Option<Address>,
}

impl IncludedTransaction {
    /// Hash of the transaction.
    pub(crate) fn hash(&self) -> B256 {
        *self.transaction.hash()
    }

    /// The receipt, after `before` gas was used earlier in the block.
    pub(crate) fn receipt<L>(&self, before: u64, logs: Vec<L>) -> ReceiptEnvelope<L> {
        let receipt = Receipt {
            status: Eip658Value::Eip658(self.success),
            cumulative_gas_used: before.saturating_add(self.gas_used),
            logs,
        };
        let receipt = ReceiptWithBloom { receipt, logs_bloom: logs_bloom(&self.logs) };
        match self.transaction.tx_type() {
            TxType::Legacy => ReceiptEnvelope::Legacy(receipt),
            TxType::Eip2930 => ReceiptEnvelope::Eip2930(receipt),
            TxType::Eip1559 => ReceiptEnvelope::Eip1559(receipt),
            TxType::Eip4844 => ReceiptEnvelope::Eip4844(receipt),
            TxType::Eip7702 => ReceiptEnvelope::Eip7702(receipt),
        }
    }
}

/// A block.
#[derive(Debug)]
pub(crate) struct Block {
    /// Its header, with its hash.
    pub(crate) header: Sealed<Header>,
    /// Its transactions, in order.
    pub(crate) transactions: Vec<IncludedTransaction>,
}

impl Block {
    /// Seals a block. Its state root is zero: this chain does not hash its state.
    pub(crate) fn seal(params: BlockParams, transactions: Vec<IncludedTransaction>) -> Self {
        let receipts: Vec<ReceiptEnvelope> = receipts(&transactions).collect();
        let gas_used =
            receipts.last().map(ReceiptEnvelope::cumulative_gas_used).unwrap_or_default();
        let bloom =
            receipts.iter().fold(Bloom::ZERO, |bloom, receipt| bloom | *receipt.logs_bloom());
        let envelopes: Vec<&TxEnvelope> =
            transactions.iter().map(|included| included.transaction.inner()).collect();
        let mut mix_hash = B256::ZERO;
        mix_hash.0[..8].copy_from_slice(&params.sends.0.to_be_bytes());
        mix_hash.0[8..16].copy_from_slice(&params.l1_height.to_be_bytes());
        mix_hash.0[VERSION_BYTE] = params.arbos.number();
        mix_hash.0[TIPS_BYTE] = params.collects_tips.into();
        let header = Header {
            parent_hash: params.parent,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            beneficiary: if params.height == 0 { Address::ZERO } else { SEQUENCER },
            state_root: B256::ZERO,
            transactions_root: calculate_transaction_root(&envelopes),
            receipts_root: calculate_receipt_root(&receipts),
            logs_bloom: bloom,
            difficulty: U256::ONE,
            number: params.height,
            gas_limit: GAS_LIMIT,
            gas_used,
            timestamp: params.timestamp,
            extra_data: Bytes::from(params.sends.1),
            mix_hash,
            nonce: B64::with_last_byte(1),
            base_fee_per_gas: Some(params.base_fee),
            ..Header::default()
        };
        Self { header: Sealed::new(header), transactions }
    }

    /// `fields` with its beneficiary and gas limit.
    pub(super) fn header_fields(&self, fields: HeaderFields) -> HeaderFields {
        let (beneficiary, gas_limit) = (self.header.beneficiary, self.header.gas_limit);
        HeaderFields { beneficiary, gas_limit, ..fields }
    }

    /// The same block with another beneficiary and gas limit.
    pub(super) fn with_beneficiary_and_limit(self, beneficiary: Address, gas_limit: u64) -> Self {
        let header = Header { beneficiary, gas_limit, ..self.header.into_inner() };
        Self { header: Sealed::new(header), transactions: self.transactions }
    }

    /// Height of the block.
    pub(crate) fn height(&self) -> u64 {
        self.header.number
    }

    /// Hash of the block.
    pub(crate) const fn hash(&self) -> B256 {
        self.header.hash()
    }

    /// The parameters that the block was sealed with.
    pub(super) fn params(&self) -> BlockParams {
        BlockParams {
            height: self.height(),
            parent: self.header.parent_hash,
            timestamp: self.header.timestamp,
            base_fee: self.base_fee(),
            l1_height: self.l1_height(),
            sends: (self.send_count(), self.send_root()),
            arbos: self.arbos(),
            collects_tips: self.header.mix_hash.0[TIPS_BYTE] > 0,
        }
    }

    /// The receipts of its transactions, in order.
    pub(crate) fn receipts(&self) -> impl Iterator<Item = ReceiptEnvelope> {
        receipts(&self.transactions)
    }

    /// The version of ArbOS after this block.
    pub(crate) fn arbos(&self) -> ArbosVersion {
        // Blocks of other versions are rejected when a chain is loaded.
        self.known_arbos().unwrap_or_default()
    }

    /// Number of the version of ArbOS that the header names.
    pub(super) fn arbos_number(&self) -> u8 {
        self.header.mix_hash.0[VERSION_BYTE]
    }

    /// The version of ArbOS that the header names; `None` if this chain cannot run it.
    pub(super) fn known_arbos(&self) -> Option<ArbosVersion> {
        ArbosVersion::from_number(self.arbos_number())
    }

    /// Height of the parent chain.
    pub(crate) fn l1_height(&self) -> u64 {
        let height = self.header.mix_hash.0.get(8..).and_then(|bytes| bytes.first_chunk());
        height.map(|height| u64::from_be_bytes(*height)).unwrap_or_default()
    }

    /// Number of messages to the parent chain up to and including this block.
    pub(crate) fn send_count(&self) -> u64 {
        let count = self.header.mix_hash.0.first_chunk();
        count.map(|count| u64::from_be_bytes(*count)).unwrap_or_default()
    }

    /// Merkle root of those messages.
    pub(crate) fn send_root(&self) -> B256 {
        B256::try_from(self.header.extra_data.as_ref()).unwrap_or_default()
    }

    /// Base fee in wei per gas.
    pub(crate) fn base_fee(&self) -> u64 {
        self.header.base_fee_per_gas.unwrap_or_default()
    }
}

/// The receipts of the transactions of a block, in order.
fn receipts(transactions: &[IncludedTransaction]) -> impl Iterator<Item = ReceiptEnvelope> {
    transactions.iter().scan(0_u64, |gas_used, included| {
        let receipt = included.receipt(*gas_used, included.logs.clone());
        *gas_used = gas_used.saturating_add(included.gas_used);
        Some(receipt)
    })
}

/// Parameters of a block that do not depend on its transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockParams {
    /// Height.
    pub(crate) height: u64,
    /// Hash of the parent block.
    pub(crate) parent: B256,
    /// Unix second.
    pub(crate) timestamp: u64,
    /// Base fee in wei per gas.
    pub(crate) base_fee: u64,
    /// Height of the parent chain.
    pub(crate) l1_height: u64,
    /// Messages to the parent chain after this block: their number and Merkle root.
    pub(crate) sends: (u64, B256),
    /// Version of ArbOS.
    pub(crate) arbos: ArbosVersion,
    /// Whether tips are paid after this block.
    pub(crate) collects_tips: bool,
}
