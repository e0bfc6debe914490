//! Gas estimates, by binary search.

use alloy::primitives::{TxKind, U256};

use super::{CallRequest, Chain, ChainError, call_gas::Purpose};
use crate::{
    exec::{Execution, ExecutionStatus, Output},
    state::settings::Setting,
};

/// Gas of a plain transfer.
const TRANSFER_GAS: u64 = 21_000;

/// Additional gas that a callee gets from a call with value.
const CALL_STIPEND: u64 = 2300;

/// Result of an estimate.
#[derive(Debug)]
pub(crate) enum Estimate {
    /// This much gas is enough.
    Gas(u64),
    /// The call fails with any amount of gas.
    Fails(Box<Execution>),
}

impl Chain {
    /// Estimates the gas of a call.
    ///
    /// The result is enough, and at most 1.5 % more than needed, gas for data apart: that is padded,
    /// because prices may change before the transaction is sent.
    ///
    /// # Errors
    /// If the call may not run, or if no amount of gas is enough.
    pub(crate) fn estimate(&mut self, call: &CallRequest) -> Result<Estimate, ChainError> {
        let most = self.gas_cap(call)?;
        let mut enough = call.request.gas.filter(|&gas| gas >= TRANSFER_GAS).unwrap_or(most);
        enough = self.affordable(call, enough.min(most))?;

        // An error here is reported below, by the attempt with all the gas.
        if self.is_plain_transfer(call)? && self.succeeds_with(call, TRANSFER_GAS).unwrap_or(false)
        {
            return Ok(Estimate::Gas(TRANSFER_GAS));
        }
        let Some(execution) = self.try_with(call, enough, Output::default())? else {
            return Err(ChainError::GasAllowanceExceeded(enough));
        };
        match &execution.status {
            ExecutionStatus::Success => {}
            ExecutionStatus::Halt(halt) if halt.is_out_of_gas() => {
                return Err(ChainError::GasAllowanceExceeded(enough));
            }
            ExecutionStatus::Revert | ExecutionStatus::Halt(_) => {
                // Who estimates sends nothing now, so what contracts print is printed here.
                self.try_with(call, enough, self.output())?;
                return Ok(Estimate::Fails(Box::new(execution)));
            }
        }
        let mut too_little = execution.gas_used.saturating_sub(1);
        let likely = likely_gas(execution.gas_needed);
        if likely < enough {
            if self.succeeds_with(call, likely)? {
                enough = likely;
            } else {
                too_little = likely;
            }
        }
        while too_little.saturating_add(1) < enough && !is_close_enough(too_little, enough) {
            let middle = too_little.midpoint(enough).min(too_little.saturating_mul(2));
            if self.succeeds_with(call, middle)? {
                enough = middle;
            } else {
                too_little = middle;
            }
        }
        Ok(Estimate::Gas(enough))
    }

    /// `gas`, or less if the sender cannot afford it.
    fn affordable(&mut self, call: &CallRequest, gas: u64) -> Result<u64, ChainError> {
        let message = self.call_message(call, gas)?;
        let Some(price) = message.price.offered else { return Ok(gas) };
        let (mut context, _) = self.call_context(call)?;
        let balance = context.account(message.from).balance;
        let Some(rest) = balance.checked_sub(message.value) else {
            return Err(ChainError::InsufficientTransferFunds);
        };
        let most = rest.checked_div(U256::from(price)).unwrap_or(U256::MAX);
        Ok(gas.min(most.saturating_to()))
    }

    /// Whether a call only transfers ether.
    fn is_plain_transfer(&mut self, call: &CallRequest) -> Result<bool, ChainError> {
        let Some(TxKind::Call(to)) = call.request.to else { return Ok(false) };
        let empty = call.request.input.input().is_none_or(|data| data.is_empty());
        let (mut context, _) = self.call_context(call)?;
        Ok(empty && context.account(to).is_empty_code_hash())
    }

    /// Whether a call succeeds with `gas`.
    fn succeeds_with(&mut self, call: &CallRequest, gas: u64) -> Result<bool, ChainError> {
        let execution = self.try_with(call, gas, Output::default())?;
        Ok(execution.is_some_and(|execution| matches!(execution.status, ExecutionStatus::Success)))
    }

    /// Runs a call with `gas`; `None` if that is too little for the execution to start.
    fn try_with(
        &mut self,
        call: &CallRequest,
        gas: u64,
        output: Output,
    ) -> Result<Option<Execution>, ChainError> {
        let message = self.call_message(call, gas)?;
        let cap = self.setting(Setting::MaxTxGas);
        let (mut context, modules) = self.call_context(call)?;
        context.output = output;
        match context.validate(call, message, Purpose::Estimate) {
            Ok(message) => context.execute(&message.cap_gas(cap), modules).map(Some),
            Err(ChainError::CallIntrinsicGasTooLow { .. } | ChainError::IntrinsicGasTooLow) => {
                Ok(None)
            }
            Err(why) => Err(ChainError::Estimate { why: Box::new(why), gas }),
        }
    }
}

/// Gas that probably suffices for a run that used `gas`: adds the stipend and the 1/64 that nested
/// calls retain.
fn likely_gas(gas: u64) -> u64 {
    gas.saturating_add(CALL_STIPEND).saturating_mul(64).checked_div(63).unwrap_or_default()
}

/// Whether the range is narrower than 1.5 % of its upper end.
const fn is_close_enough(low: u64, high: u64) -> bool {
    high.saturating_sub(low).saturating_mul(1000) < high.saturating_mul(15)
}
