//! Reports of testers.

use alloy::sol_types::SolEvent;
use muster_protocol::abi::Entry;
use muster_protocol::abi::IWorkAgreement::{Reported, reportCall, reportedCall};

use super::Agreement;
use super::receipt::Session;
use crate::backend::{LogFilter, Receipt};
use crate::error::MarketError;

impl Agreement {
    /// Reports, as a tester, which windows the workers served and failed. Once for each tester. The
    /// receipts in the entries must be of `session`, opened by this account.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement, receipt: muster_client::ServiceReceipt)
    /// #     -> Result<(), muster_client::MarketError> {
    /// use muster_client::{Session, failed_entry};
    ///
    /// // The session whose id was sent to the workers.
    /// let session = Session::random();
    /// // Worker 0 served what its receipt says, worker 1 failed window 2.
    /// agreement.report(&session, vec![receipt.entry(0, 0), failed_entry(1, 0b100)]).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::NotListed`]. Those of [every transaction](crate::Market#transactions), with `WrongState`,
    /// `BadReceipt`, `BadEntry`, `WindowOutOfRange`, `NothingReported` or `AlreadyReported` among the reasons.
    pub async fn report(
        &self,
        session: &Session,
        entries: Vec<Entry>,
    ) -> Result<Receipt, MarketError> {
        let place = self.place(self.market().account()?).await?;
        self.write(&reportCall { place, salt: session.salt, entries }).await
    }

    /// What the tester at `place` reported of the worker at `index`: the windows checked and the windows
    /// served, bit k for window k.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let (checked, served) = agreement.reported(0, 0).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reported(&self, place: u32, index: u8) -> Result<(u32, u32), MarketError> {
        let answer = self.read(&reportedCall { place, index }).await?;
        Ok((answer.checked, answer.served))
    }

    /// All reports so far, in the order of the chain.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use muster_client::votes;
    ///
    /// let (progress, reports) = (agreement.progress().await?, agreement.reports().await?);
    /// let of_first_worker = &votes(agreement.terms(), &progress, &reports)[0];
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn reports(&self) -> Result<Vec<Reported>, MarketError> {
        let filter = LogFilter {
            from: self.terms().header.block,
            to: self.market().node().head().await?.number,
            address: Some(self.address()),
            topics: [vec![Reported::SIGNATURE_HASH], vec![], vec![]],
        };
        let logs = self.market().node().chain().logs(&filter).await?;
        Ok(logs.iter().filter_map(|log| Reported::decode_log_data(&log.data).ok()).collect())
    }
}
