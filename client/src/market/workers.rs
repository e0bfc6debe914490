//! Looking at registered accounts.

use alloy::primitives::{Address, B256, FixedBytes};
use futures::stream::{self, StreamExt, TryStreamExt};
use muster_protocol::abi::IWorkerDispatcher::{
    bookCall, bookReturn, keyOfCall, listedWorkersCall, workerCall, workerCountCall, workersCall,
};
use muster_protocol::abi::{Order, Worker};
use muster_protocol::order::satisfies;

use super::Market;
use crate::error::MarketError;

/// How many workers one call returns.
const PAGE_SIZE: u32 = 16;

/// How many pages are requested at the same time.
const CONCURRENT_PAGES: usize = 4;

impl Market {
    /// The number of registered accounts, testers included.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let count = market.worker_count().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn worker_count(&self) -> Result<u32, MarketError> {
        self.read(&workerCountCall {}).await
    }

    /// The registration of an account: its offer, stake and state.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let me = market.worker(market.account()?).await?;
    /// println!("{} wei per tick, listed: {}", me.price, me.listed);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NotRegistered`; [`MarketError::Node`].
    pub async fn worker(&self, account: Address) -> Result<Worker, MarketError> {
        self.read(&workerCall { account }).await
    }

    /// All registered accounts by number, testers included. The pages may be read from different blocks.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let workers = market.workers().await?;
    /// let cheapest = workers.iter().filter(|worker| worker.listed).map(|worker| worker.price).min();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn workers(&self) -> Result<Vec<Worker>, MarketError> {
        let mut workers = self.read(&workersCall { from: 1, count: PAGE_SIZE }).await?;
        if u32::try_from(workers.len()).is_ok_and(|length| length < PAGE_SIZE) {
            return Ok(workers);
        }
        let count = self.worker_count().await?;
        let pages = (1..count.div_ceil(PAGE_SIZE)).map(|page| {
            let from = page.saturating_mul(PAGE_SIZE).saturating_add(1);
            async move { self.read(&workersCall { from, count: PAGE_SIZE }).await }
        });
        let pages: Vec<_> = stream::iter(pages).buffered(CONCURRENT_PAGES).try_collect().await?;
        workers.extend(pages.into_iter().flatten());
        Ok(workers)
    }

    /// The registered account with this number, testers included; `None` if there is none.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let first = market.worker_by_number(1).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn worker_by_number(&self, number: u32) -> Result<Option<Worker>, MarketError> {
        let page = self.read(&workersCall { from: number, count: 1 }).await?;
        Ok(page.into_iter().find(|worker| worker.number == number))
    }

    /// Up to 16 listed workers of an application, in the order in which a purchase tries them. `from` is the
    /// number of the first, 0 for the cheapest; the last one's `next` begins the next page, if it is not 0.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let cheapest = market.listed_workers(muster_client::Application::default().0, 0).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn listed_workers(
        &self,
        application: FixedBytes<8>,
        from: u32,
    ) -> Result<Vec<Worker>, MarketError> {
        self.read(&listedWorkersCall { application, from, count: PAGE_SIZE }).await
    }

    /// The cheapest listed workers that can be bought with an order, at most `most`, cheapest first.
    ///
    /// ```no_run
    /// # async fn example(
    /// #     market: muster_client::Market,
    /// #     order: muster_client::protocol::abi::Order,
    /// # ) -> Result<(), muster_client::MarketError> {
    /// let qualified = market.cheapest_workers(&order, 16).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn cheapest_workers(
        &self,
        order: &Order,
        most: usize,
    ) -> Result<Vec<Worker>, MarketError> {
        let Order { application, length, minScore, minUptime, .. } = order;
        let (mut found, mut from) = (Vec::new(), 0);
        loop {
            let page = self.listed_workers(*application, from).await?;
            let next = page.last().map_or(0, |last| last.next);
            let qualifies = |worker: &Worker| satisfies(worker, *length, *minScore, *minUptime);
            found.extend(page.into_iter().filter(qualifies));
            if next == 0 || found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
            from = next;
        }
    }

    /// The key for messages to a registered account; `None` if it is not registered.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let registered = market.key_of(market.account()?).await?.is_some();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn key_of(&self, account: Address) -> Result<Option<B256>, MarketError> {
        let key = self.read(&keyOfCall { account }).await?;
        Ok((!key.is_zero()).then_some(key))
    }

    /// The book of an application: the number of its cheapest listed worker (0 = none), and how many are
    /// listed and registered.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let book = market.book(muster_client::Application::default().0).await?;
    /// println!("{} of {} workers are listed", book.listed, book.registered);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn book(&self, application: FixedBytes<8>) -> Result<bookReturn, MarketError> {
        self.read(&bookCall { application }).await
    }
}
