//! The lists of testers, one for each epoch.

use alloy::primitives::{Address, B256};
use alloy::sol_types::{SolEvent, SolValue};
use muster_protocol::abi::IWorkerDispatcher::{CheckedIn, testerAtCall, testerCountCall};

use super::Market;
use crate::backend::LogFilter;
use crate::error::MarketError;

impl Market {
    /// The number of places in an epoch's list.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let places = market.tester_count(market.epoch().await?).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn tester_count(&self, epoch: u32) -> Result<u32, MarketError> {
        self.read(&testerCountCall { epoch }).await
    }

    /// The account at a place of an epoch's list; `None` if there is none.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let first = market.tester_at(market.epoch().await?, 0).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn tester_at(&self, epoch: u32, place: u32) -> Result<Option<Address>, MarketError> {
        let account = self.read(&testerAtCall { epoch, place }).await?;
        Ok((!account.is_zero()).then_some(account))
    }

    /// The place of an account in an epoch's list; `None` if it has none. Read from the events of the whole
    /// chain.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let listed = market.place(market.account()?, market.epoch().await?).await?.is_some();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn place(&self, account: Address, epoch: u32) -> Result<Option<u32>, MarketError> {
        let filter = LogFilter {
            from: self.created_at().await?,
            to: self.node().head().await?.number,
            address: Some(self.dispatcher()),
            topics: [
                vec![CheckedIn::SIGNATURE_HASH],
                vec![account.into_word()],
                vec![B256::from_slice(&epoch.abi_encode())],
            ],
        };
        let logs = self.node().chain().logs(&filter).await?;
        let events = logs.iter().filter_map(|log| CheckedIn::decode_log_data(&log.data).ok());
        Ok(events.last().map(|event| event.place))
    }
}
