//! Stylus programs expire about a year after activation: the time left, and the keepalive.

use std::time::Duration;

use alloy::primitives::{Address, keccak256};
use alloy::sol_types::{SolCall, SolError};

use super::Node;
use super::arb_wasm::ARB_WASM;
use super::arb_wasm::ArbWasm::{
    ProgramInsufficientValue, ProgramKeepaliveTooSoon, activateProgramCall, codehashKeepaliveCall,
    programTimeLeftCall,
};
use crate::backend::Receipt;
use crate::error::{Contract, MarketError};

/// The result of a keepalive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramLifetime {
    /// This transaction restarted the program's lifetime.
    Extended(Receipt),
    /// The program had expired, or the chain asks for a newer Stylus version: this transaction activated it
    /// again.
    Reactivated(Receipt),
    /// The program is too young: the chain refuses keepalives before a certain age. Nothing was sent.
    TooSoon,
}

impl Node {
    /// The time until the program at an address expires; `None` if it cannot be called now.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn time_left(&self, program: Address) -> Result<Option<Duration>, MarketError> {
        match self.read_pending(Contract::Other(ARB_WASM), &programTimeLeftCall { program }).await {
            Ok(left) => Ok(Some(Duration::from_secs(left))),
            Err(MarketError::Reverted { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Restarts the lifetime of the program at an address, for the fee of an activation. Any account may.
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions); [`MarketError::NoContract`];
    /// [`MarketError::Reverted`] or [`MarketError::Node`] if the chain no longer accepts such a program.
    pub async fn keep_alive(&self, program: Address) -> Result<ProgramLifetime, MarketError> {
        let code = self.code(program).await?;
        if code.is_empty() {
            return Err(MarketError::NoContract(program));
        }
        if self.time_left(program).await?.is_none() {
            return Ok(ProgramLifetime::Reactivated(
                self.write_with_activation_fee(&activateProgramCall { program }).await?,
            ));
        }
        match self
            .write_with_activation_fee(&codehashKeepaliveCall { codehash: keccak256(code) })
            .await
        {
            Ok(receipt) => Ok(ProgramLifetime::Extended(receipt)),
            Err(MarketError::Reverted { data, .. })
                if ProgramKeepaliveTooSoon::abi_decode(&data).is_ok() =>
            {
                Ok(ProgramLifetime::TooSoon)
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a call that costs the fee of an activation, with a fifth more than the fee now; the excess
    /// comes back.
    async fn write_with_activation_fee<C: SolCall>(
        &self,
        call: &C,
    ) -> Result<Receipt, MarketError> {
        let wasm = Contract::Other(ARB_WASM);
        let fee = match self.read_pending(wasm, call).await {
            Ok(_) => 0,
            Err(MarketError::Reverted { contract, data }) => {
                match ProgramInsufficientValue::abi_decode(&data) {
                    Ok(short) => u128::try_from(short.want).unwrap_or(u128::MAX),
                    Err(_) => return Err(MarketError::Reverted { contract, data }),
                }
            }
            Err(error) => return Err(error),
        };
        self.write(wasm, call, fee.saturating_add(fee.div_ceil(5))).await
    }
}
