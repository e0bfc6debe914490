//! Resigning.

use muster_protocol::abi::IWorkAgreement::{Resigned, resignCall};

use super::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A resignation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resignation {
    /// How many windows the worker has finished, and is judged for.
    pub windows: u8,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Agreement {
    /// Leaves it, as a worker that accepted. The worker is judged for the windows that are finished, and
    /// loses a tenth of its bond.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// agreement.resign().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `NotAWorker`, `NotAccepted`,
    /// `AlreadyResigned` or `WrongState` among the reasons.
    pub async fn resign(&self) -> Result<Resignation, MarketError> {
        let receipt = self.write(&resignCall {}).await?;
        let event = receipt.event::<Resigned>(self.address());
        let windows = event.ok_or(MarketError::EventMissing("Resigned"))?.windows;
        Ok(Resignation { windows, receipt })
    }
}
