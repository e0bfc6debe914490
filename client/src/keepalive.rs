//! Programs die when nobody keeps them alive: how long they have, and giving them another life.

use std::time::Duration;

use alloy::primitives::{Address, keccak256};
use alloy::sol_types::{SolCall, SolError};

use crate::arbitrum::ARB_WASM;
use crate::arbitrum::ArbWasm::{
    ProgramInsufficientValue, ProgramKeepaliveTooSoon, activateProgramCall, codehashKeepaliveCall,
    programTimeLeftCall,
};
use crate::backend::Receipt;
use crate::error::{Contract, MarketError};
use crate::market::Market;
use crate::node::Node;

/// What became of keeping a program alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramLifetime {
    /// Its life begins anew with this transaction.
    Extended(Receipt),
    /// It was dead, or the chain asked for a newer version: this transaction activated it again.
    Reactivated(Receipt),
    /// It is too young: the chain takes it from a certain age on only.
    TooSoon,
}

impl Market {
    /// Where the market's programs are: the agreements' implementation and the dispatcher.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn programs(&self) -> Result<[Address; 2], MarketError> {
        Ok([self.implementation().await?, self.dispatcher()])
    }
}

impl Node {
    /// How long the program at an address can be called, unless somebody keeps it alive; `None` if it cannot
    /// be called.
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

    /// Lets the life of the program at an address begin anew, for the fee of an activation. Anybody may.
    ///
    /// # Errors
    /// [`MarketError::NoContract`]; [`MarketError::Reverted`] or [`MarketError::Node`] if the chain takes
    /// such a program no longer; otherwise as for every call that sends.
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

    /// Sends a call that takes the fee of an activation, with a fifth more than it would cost now; what is
    /// too much comes back.
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
