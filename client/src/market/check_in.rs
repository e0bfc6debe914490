//! Checking in as a tester.

use muster_protocol::abi::IWorkerDispatcher::{CheckedIn, checkInCall};

use super::Market;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A check-in that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckIn {
    /// The epochs in whose lists this account is now, each with its place there.
    pub places: Vec<(u32, u32)>,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Market {
    /// Puts this account into the next epoch's list of testers, and into the current one's while that is short.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// for (epoch, place) in market.check_in().await?.places {
    ///     println!("place {place} of epoch {epoch}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `AlreadyCheckedIn`, `NotRegistered`,
    /// `WrongApplication` or `StakeTooLow` among the reasons.
    pub async fn check_in(&self) -> Result<CheckIn, MarketError> {
        let receipt = self.write(&checkInCall {}, 0).await?;
        let events = receipt.events::<CheckedIn>(self.dispatcher());
        let places: Vec<_> = events.map(|event| (event.epoch, event.place)).collect();
        if places.is_empty() {
            return Err(MarketError::EventMissing("CheckedIn"));
        }
        Ok(CheckIn { places, receipt })
    }
}
