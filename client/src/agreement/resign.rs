//! Resigning.

use muster_protocol::abi::IWorkAgreement::{Resigned, resignCall};

use super::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A resignation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resignation {
    /// The tick until which the worker is judged.
    pub tick: u64,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Agreement {
    /// Leaves it, as a worker that accepted. The worker is judged until now, is paid for finished
    /// windows, and loses a tenth of its bond.
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
        let tick = event.ok_or(MarketError::EventMissing("Resigned"))?.tick;
        Ok(Resignation { tick, receipt })
    }
}
