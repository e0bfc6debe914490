//! Accepting.

use muster_protocol::abi::IWorkAgreement::acceptCall;

use super::Agreement;
use crate::backend::Receipt;
use crate::error::MarketError;

impl Agreement {
    /// Accepts the work, as one of its workers. The block after the purchase is the first in which that is
    /// possible.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// agreement.accept().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `NotAWorker`, `AlreadyAccepted`,
    /// `TooLateToAccept` or `SeedNotReady` among the reasons; the last one is
    /// [temporary](MarketError::is_temporary).
    pub async fn accept(&self) -> Result<Receipt, MarketError> {
        self.write(&acceptCall {}).await
    }
}
