//! One agreement: its terms and its state, and a file for each verb or group of verbs.

mod accept;
pub(crate) mod cancel;
mod client_key;
mod compact_signature;
pub(crate) mod job_result;
mod prepare;
mod progress;
pub(crate) mod receipt;
pub(crate) mod release;
pub(crate) mod report;
pub(crate) mod resign;
pub(crate) mod seats;
pub(crate) mod service_request;
pub(crate) mod settle;
pub(crate) mod shares;
pub(crate) mod snapshot;
mod wait;
mod windows;

use alloy::primitives::Address;
use alloy::sol_types::SolCall;
use muster_protocol::abi::IWorkAgreement::{progressCall, stateCall};
use muster_protocol::abi::State;
use muster_protocol::layout::{Terms, WorkerTerms};
use muster_protocol::money;

pub use self::progress::Progress;
use crate::backend::Receipt;
use crate::error::{Contract, MarketError};
use crate::market::Market;

/// An agreement of a market, with its terms, which never change. Reads and transactions behave as those of
/// [`Market`].
#[derive(Clone, Debug)]
pub struct Agreement {
    /// The market that created it.
    market: Market,
    /// Its contract.
    address: Address,
    /// Its terms.
    terms: Terms,
}

impl Market {
    /// An agreement of this market, with its terms.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, purchase: muster_client::Purchase)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let agreement = market.agreement(purchase.agreement).await?;
    /// println!("{} ticks", agreement.terms().header.length);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::NotAnAgreement`] if this market did not create it; [`MarketError::Node`].
    pub async fn agreement(&self, address: Address) -> Result<Agreement, MarketError> {
        let found = self.agreements_at(&[address]).await?.pop();
        found.unwrap_or(Err(MarketError::NotAnAgreement(address)))
    }
}

impl Agreement {
    /// The same agreement, whose transactions the journal gets under this purpose.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// agreement.with_purpose("settle at the end").settle().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_purpose(mut self, purpose: &str) -> Self {
        self.market = self.market.with_purpose(purpose);
        self
    }

    /// The market that created it.
    #[must_use]
    pub const fn market(&self) -> &Market {
        &self.market
    }

    /// The address of its contract.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Its terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What the client paid, in wei: the workers' prices for the whole length, and the fees of all seats.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// println!("{} wei", agreement.escrow());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn escrow(&self) -> u128 {
        let head = &self.terms.header;
        let part = |worker: &WorkerTerms| {
            money::escrow(worker.price, head.length, worker.fee, head.windows, head.testers)
        };
        // Every part was paid, so none is beyond the limit.
        self.terms.workers().filter_map(part).fold(0, u128::saturating_add)
    }

    /// What has happened in it so far: start, seed, who accepted, who resigned.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let progress = agreement.progress().await?;
    /// println!("the first worker accepted: {}", progress.has_accepted(0));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn progress(&self) -> Result<Progress, MarketError> {
        Ok(self.read(&progressCall {}).await?.into())
    }

    /// Its state, as the next transaction will find it.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use muster_client::protocol::abi::State;
    ///
    /// if agreement.state().await? == State::Due {
    ///     agreement.settle().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn state(&self) -> Result<State, MarketError> {
        self.market.node().read_pending(self.contract(), &stateCall {}).await
    }

    /// The agreement, to call.
    const fn contract(&self) -> Contract {
        Contract::Agreement(self.address)
    }

    /// Calls the agreement on the latest block.
    async fn read<C: SolCall>(&self, call: &C) -> Result<C::Return, MarketError> {
        self.market.node().read(self.contract(), call).await
    }

    /// Calls the agreement in a transaction without value.
    async fn write<C: SolCall>(&self, call: &C) -> Result<Receipt, MarketError> {
        self.market.node().write(self.contract(), call, 0).await
    }
}
