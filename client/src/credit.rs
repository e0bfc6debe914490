//! Money that waits in the market, and taking it out.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::{Withdrawn, creditCall, withdrawCall};

use crate::backend::Receipt;
use crate::error::MarketError;
use crate::market::Market;

/// Money that was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// Wei.
    pub amount: u128,
    /// Who got them.
    pub to: Address,
    /// The transaction.
    pub receipt: Receipt,
}

impl Market {
    /// The wei that an account may withdraw.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn credit(&self, account: Address) -> Result<u128, MarketError> {
        self.read(&creditCall { account }).await
    }

    /// Sends this account's whole credit to `to`.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NothingToWithdraw`, or `TransferFailed` if `to` takes no ether;
    /// otherwise as for every call that sends.
    pub async fn withdraw(&self, to: Address) -> Result<Withdrawal, MarketError> {
        let receipt = self.write(&withdrawCall { to }, 0).await?;
        let event = receipt.event::<Withdrawn>(self.dispatcher());
        let event = event.ok_or(MarketError::EventMissing("Withdrawn"))?;
        Ok(Withdrawal { amount: event.amount, to: event.to, receipt })
    }
}
