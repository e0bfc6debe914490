//! Cheats for what contracts see of a block and of the chain: beneficiary, gas limit, chain id
//! and randomness.

use alloy::primitives::{Address, B256, U256};
use alloy_rlp::{RlpDecodable, RlpEncodable};

use super::{
    Chain,
    block::{GAS_LIMIT, SEQUENCER},
};
use crate::{
    CHAIN_ID,
    exec::{ExecutionEnv, PREV_RANDAO},
    state::{arbos::ARBOS, settings::Setting},
};

/// Beneficiary and gas limit of blocks, the id of their chain, and their randomness.
#[derive(Clone, Copy, Debug, RlpEncodable, RlpDecodable)]
pub(crate) struct HeaderFields {
    /// Beneficiary.
    pub(crate) beneficiary: Address,
    /// Gas limit.
    pub(crate) gas_limit: u64,
    /// Id of the chain.
    pub(crate) chain_id: u64,
    /// What PREVRANDAO returns.
    pub(crate) prev_randao: B256,
}

impl Default for HeaderFields {
    fn default() -> Self {
        Self {
            beneficiary: SEQUENCER,
            gas_limit: GAS_LIMIT,
            chain_id: CHAIN_ID,
            prev_randao: PREV_RANDAO,
        }
    }
}

impl HeaderFields {
    /// The environment of a message in a block with these fields.
    pub(super) fn apply(self, env: ExecutionEnv<'_>) -> ExecutionEnv<'_> {
        let Self { beneficiary, gas_limit, chain_id, prev_randao } = self;
        ExecutionEnv { beneficiary, gas_limit, chain_id, prev_randao, ..env }
    }
}

impl Chain {
    /// Id of the chain.
    pub(crate) const fn chain_id(&self) -> u64 {
        self.header_fields.chain_id
    }

    /// Sets the id of the chain: that of transactions from now on, and the one that contracts see.
    pub(crate) const fn set_chain_id(&mut self, chain_id: u64) {
        self.header_fields.chain_id = chain_id;
    }

    /// Beneficiary and gas limit of the following blocks.
    pub(crate) const fn header_fields(&self) -> HeaderFields {
        self.header_fields
    }

    /// Sets what PREVRANDAO returns from now on; no header contains it.
    pub(crate) const fn set_prev_randao(&mut self, value: B256) {
        self.header_fields.prev_randao = value;
    }

    /// Sets the beneficiary of the following blocks.
    pub(crate) const fn set_beneficiary(&mut self, beneficiary: Address) {
        self.header_fields.beneficiary = beneficiary;
    }

    /// Sets the gas limit of the following blocks: that in the header, and the gas that their
    /// transactions share.
    pub(crate) fn set_block_gas_limit(&mut self, limit: u64) {
        self.header_fields.gas_limit = limit;
        self.set_storage_at(ARBOS, Setting::MaxBlockGas.slot(), U256::from(limit));
    }

    /// Sets the minimum base fee in wei per gas, and raises the base fee to it.
    pub(crate) fn set_min_base_fee(&mut self, fee: U256) {
        self.set_storage_at(ARBOS, Setting::MinBaseFee.slot(), fee);
        let current = U256::from(self.setting(Setting::BaseFee));
        self.set_storage_at(ARBOS, Setting::BaseFee.slot(), current.max(fee));
    }
}
