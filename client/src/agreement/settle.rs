//! Settling.

use alloy::sol_types::SolEvent;
use muster_protocol::abi::IWorkAgreement::settleCall;
use muster_protocol::abi::IWorkerDispatcher::{AgreementSettled, Burned};
use muster_protocol::abi::{TesterResult, WorkerResult};

use super::Agreement;
use crate::backend::{LogFilter, Receipt};
use crate::error::MarketError;

/// A settlement that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The part of the escrow that the client gets back, in wei.
    pub refund: u128,
    /// The part of the workers' bonds that the client gets, in wei.
    pub compensation: u128,
    /// The part of the workers' bonds that nobody gets, in wei.
    pub burned: u128,
    /// Each worker's result, in the order of the terms.
    pub workers: Vec<WorkerResult>,
    /// Each tester's result.
    pub testers: Vec<TesterResult>,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Agreement {
    /// Ends the agreement and credits everybody. Any account may, once it is due.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let settlement = agreement.settle().await?;
    /// println!("{} wei go back to the client", settlement.refund);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](crate::Market#transactions), with `WrongState` among the reasons.
    pub async fn settle(&self) -> Result<Settlement, MarketError> {
        let receipt = self.write(&settleCall { hints: self.hints().await? }).await?;
        let event = receipt
            .event::<AgreementSettled>(self.market().dispatcher())
            .ok_or(MarketError::EventMissing("AgreementSettled"))?;
        let AgreementSettled { refund, compensation, workers, testers, .. } = event;
        let burned = receipt.event::<Burned>(self.market().dispatcher());
        let burned = burned.map_or(0, |event| event.amount);
        Ok(Settlement { refund, compensation, burned, workers, testers, receipt })
    }

    /// The event of its settlement, whoever settled it; `None` before that.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let settled = agreement.settlement().await?.is_some();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn settlement(&self) -> Result<Option<AgreementSettled>, MarketError> {
        let filter = LogFilter {
            from: self.terms().header.block,
            to: self.market().node().head().await?.number,
            address: Some(self.market().dispatcher()),
            topics: [
                vec![AgreementSettled::SIGNATURE_HASH],
                vec![self.address().into_word()],
                vec![],
            ],
        };
        let logs = self.market().node().chain().logs(&filter).await?;
        Ok(logs.iter().find_map(|log| AgreementSettled::decode_log_data(&log.data).ok()))
    }

    /// The hints for all workers at their current prices.
    pub(super) async fn hints(&self) -> Result<Vec<u32>, MarketError> {
        let accounts = self.terms().workers().map(|worker| worker.account);
        self.market().hints(self.terms().header.application, accounts).await
    }
}
