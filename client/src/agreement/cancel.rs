//! Cancelling.

use muster_protocol::abi::IWorkAgreement::{Cancelled, cancelCall};

use super::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A cancellation that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cancellation {
    /// How many windows remain to be paid, from the first on.
    pub windows: u8,
    /// The tick in which the agreement ends now.
    pub end: u64,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Agreement {
    /// Ends it early, as the client: after the current window and one more, but not before the shortest
    /// length that the market sells and a quarter of the windows and one more; without testers, after notice.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let cancellation = agreement.cancel().await?;
    /// println!("it ends in tick {}", cancellation.end);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `NotTheClient`, `WrongState` or
    /// `CannotShorten` among the reasons.
    pub async fn cancel(&self) -> Result<Cancellation, MarketError> {
        let receipt = self.write(&cancelCall {}).await?;
        let event = receipt.event::<Cancelled>(self.address());
        let Cancelled { windows, end } = event.ok_or(MarketError::EventMissing("Cancelled"))?;
        Ok(Cancellation { windows, end, receipt })
    }
}
