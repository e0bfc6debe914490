//! Credit: what the market owes an account, and paying it out.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkerDispatcher::{Withdrawn, creditCall, withdrawCall};

use super::Market;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A withdrawal that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawal {
    /// The amount in wei.
    pub amount: u128,
    /// The account that was paid.
    pub to: Address,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Market {
    /// The wei that an account may withdraw.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let credit = market.credit(market.account()?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn credit(&self, account: Address) -> Result<u128, MarketError> {
        self.read(&creditCall { account }).await
    }

    /// Pays this account's whole credit to `to`.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let withdrawal = market.withdraw(market.account()?).await?;
    /// println!("{} wei", withdrawal.amount);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `NothingToWithdraw` or, if `to` takes no ether,
    /// `TransferFailed` among the reasons.
    pub async fn withdraw(&self, to: Address) -> Result<Withdrawal, MarketError> {
        let receipt = self.write(&withdrawCall { to }, 0).await?;
        let event = receipt.event::<Withdrawn>(self.dispatcher());
        let event = event.ok_or(MarketError::EventMissing("Withdrawn"))?;
        Ok(Withdrawal { amount: event.amount, to: event.to, receipt })
    }
}
