//! How much gas a call needs: tried out, by halving the range in which the answer must be.

use alloy::primitives::{TxKind, U256};

use super::{Ask, Chain, Refusal, call::GAS_CAP};
use crate::{
    exec::{End, Execution},
    state::settings::Setting,
};

/// Gas of a plain transfer.
const TRANSFER: u64 = 21_000;

/// Gas that a call with value gives on top.
const STIPEND: u64 = 2300;

/// What an estimate came to.
#[derive(Debug)]
pub(crate) enum Estimate {
    /// That much gas is enough.
    Gas(u64),
    /// No gas helps: this is how the call ends.
    Fails(Box<Execution>),
}

impl Chain {
    /// Estimates the gas of a call.
    ///
    /// The answer is enough, and at most 1.5 % more than needed.
    ///
    /// # Errors
    /// Why the call may not run, or that no amount of gas is enough.
    pub(crate) fn estimate(&mut self, ask: &Ask) -> Result<Estimate, Refusal> {
        let mut enough = ask.request.gas.filter(|&gas| gas >= TRANSFER).unwrap_or(GAS_CAP);
        enough = self.affordable(ask, enough)?.min(GAS_CAP);

        // A refusal here is told below, with all the gas.
        if self.is_plain_transfer(ask)? && self.suffices(ask, TRANSFER).unwrap_or(false) {
            return Ok(Estimate::Gas(TRANSFER));
        }
        let Some(execution) = self.attempt(ask, enough)? else {
            return Err(Refusal::Allowance(enough));
        };
        match &execution.end {
            End::Success => {}
            End::Failure(halt) if halt.is_out_of_gas() => return Err(Refusal::Allowance(enough)),
            End::Revert | End::Failure(_) => return Ok(Estimate::Fails(Box::new(execution))),
        }
        let mut too_little = execution.gas_used.saturating_sub(1);
        let likely = likely(execution.gas_needed);
        if likely < enough {
            if self.suffices(ask, likely)? {
                enough = likely;
            } else {
                too_little = likely;
            }
        }
        while too_little.saturating_add(1) < enough && !close(too_little, enough) {
            let middle = too_little.midpoint(enough).min(too_little.saturating_mul(2));
            if self.suffices(ask, middle)? {
                enough = middle;
            } else {
                too_little = middle;
            }
        }
        Ok(Estimate::Gas(enough))
    }

    /// `gas`, or less if the sender cannot pay for as much.
    fn affordable(&mut self, ask: &Ask, gas: u64) -> Result<u64, Refusal> {
        let message = self.message(ask, gas.min(GAS_CAP))?;
        let Some(price) = message.price.offered else { return Ok(gas) };
        let (mut stage, _) = self.stage(ask)?;
        let balance = stage.account(message.from).balance;
        let Some(rest) = balance.checked_sub(message.value) else {
            return Err(Refusal::Transfer);
        };
        let most = rest.checked_div(U256::from(price)).unwrap_or(U256::MAX);
        Ok(gas.min(most.saturating_to()))
    }

    /// Whether a call only moves money.
    fn is_plain_transfer(&mut self, ask: &Ask) -> Result<bool, Refusal> {
        let Some(TxKind::Call(to)) = ask.request.to else { return Ok(false) };
        let empty = ask.request.input.input().is_none_or(|data| data.is_empty());
        let (mut stage, _) = self.stage(ask)?;
        Ok(empty && stage.account(to).is_empty_code_hash())
    }

    /// Whether a call succeeds with `gas`.
    fn suffices(&mut self, ask: &Ask, gas: u64) -> Result<bool, Refusal> {
        let execution = self.attempt(ask, gas)?;
        Ok(execution.is_some_and(|execution| matches!(execution.end, End::Success)))
    }

    /// Runs a call with `gas`; `None` if that is too little to begin.
    fn attempt(&mut self, ask: &Ask, gas: u64) -> Result<Option<Execution>, Refusal> {
        let message = self.message(ask, gas)?;
        let cap = self.setting(Setting::MaxTxGas);
        let (mut stage, modules) = self.stage(ask)?;
        match stage.check(&message) {
            Ok(()) => {}
            Err(Refusal::IntrinsicGasOf { .. }) => return Ok(None),
            Err(why) => return Err(Refusal::Estimate { why: Box::new(why), gas }),
        }
        stage.play(&message.cap_gas(cap), modules).map(Some)
    }
}

/// What probably suffices if a run used `gas`: room for the stipend and for what every nested call
/// holds back.
fn likely(gas: u64) -> u64 {
    gas.saturating_add(STIPEND).saturating_mul(64).checked_div(63).unwrap_or_default()
}

/// Whether the range is narrower than 1.5 % of its upper end.
const fn close(low: u64, high: u64) -> bool {
    high.saturating_sub(low).saturating_mul(1000) < high.saturating_mul(15)
}
