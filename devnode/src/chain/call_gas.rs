//! The gas of calls: caps, and the charge for data that a call would have as a transaction.

use alloy::rpc::types::TransactionRequest;

use super::{Block, CallRequest, Chain, ChainError, data_fee::DataPricing};
use crate::{
    exec::{DataCharge, Message},
    state::{arbos::ARBOS, settings::Setting},
};

/// Maximum gas of the execution of a call.
pub(super) const GAS_CAP: u64 = 50_000_000;

/// What a call is run for, which decides how its data is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To see what it returns.
    Call,
    /// To see how much gas it needs.
    Estimate,
}

impl Purpose {
    /// What a call is charged for its data at these prices.
    pub(super) fn data_charge(
        self,
        pricing: Option<DataPricing>,
        request: &TransactionRequest,
        message: &Message,
    ) -> DataCharge {
        let charge = pricing.map(|pricing| match self {
            Self::Call => pricing.call(request, message),
            Self::Estimate => pricing.estimate(request, message),
        });
        charge.unwrap_or_default()
    }
}

impl Chain {
    /// The gas of a call: what it asks for, up to the cap.
    ///
    /// # Errors
    /// If the call may not run.
    pub(super) fn call_gas(&self, call: &CallRequest) -> Result<u64, ChainError> {
        let cap = self.gas_cap(call)?;
        Ok(call.request.gas.unwrap_or(cap).min(cap))
    }

    /// Maximum gas of a call: a cap on its execution, and gas for its data.
    ///
    /// # Errors
    /// If the block does not exist, or if the fields of the call contradict each other.
    pub(super) fn gas_cap(&self, call: &CallRequest) -> Result<u64, ChainError> {
        let block = self.require_block(call.block)?;
        let Some(pricing) = self.data_pricing(block.height(), call_base_fee(call, block)) else {
            return Ok(GAS_CAP);
        };
        let charge = pricing.estimate(&call.request, &self.call_message(call, GAS_CAP)?);
        Ok(GAS_CAP.saturating_add(charge.gas))
    }

    /// The prices of data after block `height`, at a base fee; `None` if it is free.
    pub(super) fn data_pricing(&self, height: u64, base_fee: u64) -> Option<DataPricing> {
        let setting = |setting: Setting| self.store.slot(ARBOS, setting.slot(), height);
        DataPricing::load(setting, base_fee)
    }
}

/// The base fee of the block of a call, unless the call has another.
pub(super) fn call_base_fee(call: &CallRequest, block: &Block) -> u64 {
    call.block_overrides.base_fee.map_or(block.base_fee(), |fee| fee.saturating_to())
}
