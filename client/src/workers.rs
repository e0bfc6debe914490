//! Workers: registering, changing what is offered, staking, and looking at who is there.

use alloy::primitives::{Address, B256, FixedBytes};
use futures::stream::{self, StreamExt, TryStreamExt};
use muster_protocol::abi::IWorkerDispatcher::{
    WorkerRegistered, bookCall, bookReturn, keyOfCall, listCall, registerTesterCall,
    registerWorkerCall, setAvailableCall, setKeyCall, setPriceCall, stakeCall, unstakeCall,
    updateWorkerCall, workerCall, workersCall,
};
use muster_protocol::abi::Worker;

use crate::application::Application;
use crate::backend::Receipt;
use crate::error::MarketError;
use crate::market::Market;

/// Workers that one call returns.
const PAGE_SIZE: u32 = 16;

/// Pages that are asked for at the same time.
const CONCURRENT_PAGES: usize = 4;

/// What a worker offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Wei per tick.
    pub price: u128,
    /// Longest agreement in ticks.
    pub max_length: u32,
    /// Promised uptime in basis points.
    pub promise: u16,
    /// Agreements at once.
    pub capacity: u16,
}

/// An account that is registered now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its number, from 1.
    pub number: u32,
    /// The transaction.
    pub receipt: Receipt,
}

impl Market {
    /// Registers this account for an application, once and for ever, with `stake` wei and a key for
    /// messages ([`crate::message_key`]).
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the dispatcher's reason, such as `AlreadyRegistered`; otherwise as
    /// for every call that sends: [`MarketError::Funds`], [`MarketError::NoAccount`],
    /// [`MarketError::Unconfirmed`], [`MarketError::Node`].
    pub async fn register(
        &self,
        application: Application,
        offer: &Offer,
        key: B256,
        stake: u128,
    ) -> Result<Registration, MarketError> {
        let hint = self.hint(application.0, self.account()?, offer.price).await?;
        let call = registerWorkerCall {
            price: offer.price,
            maxLength: offer.max_length,
            application: application.0,
            promised: offer.promise,
            key,
            capacity: offer.capacity,
            hint,
        };
        self.decode_registration(self.write(&call, stake).await?)
    }

    /// Registers this account as a tester, with `stake` wei, which must reach the market's `testerBond`.
    ///
    /// # Errors
    /// As [`Market::register`], with `StakeTooLow` among the reasons.
    pub async fn register_tester(
        &self,
        key: B256,
        stake: u128,
    ) -> Result<Registration, MarketError> {
        self.decode_registration(self.write(&registerTesterCall { key }, stake).await?)
    }

    /// What a registration said.
    fn decode_registration(&self, receipt: Receipt) -> Result<Registration, MarketError> {
        let event = receipt.event::<WorkerRegistered>(self.dispatcher());
        let number = event.ok_or(MarketError::EventMissing("WorkerRegistered"))?.number;
        Ok(Registration { number, receipt })
    }

    /// Changes everything that this account offers. Running agreements keep their terms.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn update(&self, offer: &Offer) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(Some(offer.price)).await?;
        let call = updateWorkerCall {
            price: offer.price,
            maxLength: offer.max_length,
            promised: offer.promise,
            capacity: offer.capacity,
            hint,
        };
        self.write(&call, 0).await
    }

    /// Changes this account's price in wei per tick. Running agreements keep theirs.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn set_price(&self, price: u128) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(Some(price)).await?;
        self.write(&setPriceCall { price, hint }, 0).await
    }

    /// Changes this account's key for messages.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn set_key(&self, key: B256) -> Result<Receipt, MarketError> {
        self.write(&setKeyCall { key }, 0).await
    }

    /// Takes new work, or no more of it; running work goes on either way.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn set_available(&self, available: bool) -> Result<Receipt, MarketError> {
        let hint = if available { self.own_hint(None).await? } else { 0 };
        self.write(&setAvailableCall { available, hint }, 0).await
    }

    /// Adds `amount` wei to this account's stake.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn stake(&self, amount: u128) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(None).await?;
        self.write(&stakeCall { hint }, amount).await
    }

    /// Moves `amount` wei of this account's free stake to its credit.
    ///
    /// # Errors
    /// [`MarketError::Refused`], or as for every call that sends.
    pub async fn unstake(&self, amount: u128) -> Result<Receipt, MarketError> {
        self.write(&unstakeCall { amount }, 0).await
    }

    /// Puts a worker that fits into its book. Anybody may.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotListable` or `NotRegistered`, or as for every call that sends.
    pub async fn list(&self, worker: Address) -> Result<Receipt, MarketError> {
        let hint = self.hint_for(worker, None).await?;
        self.write(&listCall { worker, hint }, 0).await
    }

    /// What is known of a registered account.
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotRegistered`; [`MarketError::Node`].
    pub async fn worker(&self, account: Address) -> Result<Worker, MarketError> {
        self.read(&workerCall { account }).await
    }

    /// Everybody who is registered, by number, testers included.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn workers(&self) -> Result<Vec<Worker>, MarketError> {
        let count = self.worker_count().await?;
        let pages = (0..count.div_ceil(PAGE_SIZE)).map(|page| {
            let from = page.saturating_mul(PAGE_SIZE).saturating_add(1);
            async move { self.read(&workersCall { from, count: PAGE_SIZE }).await }
        });
        let pages: Vec<_> = stream::iter(pages).buffered(CONCURRENT_PAGES).try_collect().await?;
        Ok(pages.into_iter().flatten().collect())
    }

    /// The key for messages to a registered account; `None` if it is not registered.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn key_of(&self, account: Address) -> Result<Option<B256>, MarketError> {
        let key = self.read(&keyOfCall { account }).await?;
        Ok((!key.is_zero()).then_some(key))
    }

    /// The number of the cheapest listed worker of an application (0 = none), and how many are listed
    /// and registered.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn book(&self, application: FixedBytes<8>) -> Result<bookReturn, MarketError> {
        self.read(&bookCall { application }).await
    }

    /// As [`Market::hint_for`], for this account.
    async fn own_hint(&self, price: Option<u128>) -> Result<u32, MarketError> {
        self.hint_for(self.account()?, price).await
    }

    /// The hint for an account, at this price or at the one it has.
    async fn hint_for(&self, account: Address, price: Option<u128>) -> Result<u32, MarketError> {
        let worker = self.worker(account).await?;
        self.hint(worker.application, account, price.unwrap_or(worker.price)).await
    }
}
