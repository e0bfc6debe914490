//! What responders ask the chain.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, B256};
use lru::LruCache;
use muster_client::{Agreement, Market, MarketError, Progress, window_seats};
use muster_messaging::{AgreementInfo, BoxError, ChainFuture, ChainView};

use super::timing::planned_end_second;

/// Agreements whose terms are remembered.
const MAX_CACHED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// A [`ChainView`] that asks the market's nodes each time. It caches the terms of agreements alone, which never change, so that a
/// reorg is seen at once.
#[derive(Clone, Debug)]
pub struct RpcChainView {
    /// The market.
    market: Market,
    /// Agreements that were there.
    agreements: Arc<Mutex<LruCache<Address, Agreement>>>,
}

impl RpcChainView {
    /// The view of a market.
    #[must_use]
    pub fn new(market: Market) -> Self {
        Self { market, agreements: Arc::new(Mutex::new(LruCache::new(MAX_CACHED))) }
    }

    /// An agreement and what has happened in it; `None` if the market did not create it, or a reorg has taken it back.
    async fn find_agreement(
        &self,
        address: Address,
    ) -> Result<Option<(Agreement, Progress)>, BoxError> {
        let known = self.cache().get(&address).cloned();
        let agreement = match known {
            Some(agreement) => agreement,
            None => match self.market.agreement(address).await {
                Ok(agreement) => agreement,
                Err(MarketError::NotAnAgreement(_)) => return Ok(None),
                Err(error) => return Err(error.into()),
            },
        };
        match agreement.progress().await {
            Ok(progress) => {
                self.cache().put(address, agreement.clone());
                Ok(Some((agreement, progress)))
            }
            Err(MarketError::NoContract(_)) => {
                self.cache().pop(&address);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The agreements that are remembered.
    fn cache(&self) -> MutexGuard<'_, LruCache<Address, Agreement>> {
        self.agreements.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// See [`ChainView::seat_holder`].
    async fn seat_holder(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> Result<Option<Address>, BoxError> {
        let Some((agreement, progress)) = self.find_agreement(agreement).await? else {
            return Ok(None);
        };
        let terms = agreement.terms();
        let ticks = progress.course.window_ticks(terms, window);
        if progress.start() == 0 || ticks.is_empty() {
            return Ok(None);
        }
        if !window_seats(terms, &progress.seed, window.into()).contains(&place) {
            return Ok(None);
        }
        Ok(self.market.tester_at(terms.header.epoch, place).await?)
    }
}

impl ChainView for RpcChainView {
    fn chain_id(&self) -> u64 {
        self.market.node().chain_id()
    }

    fn agreement(&self, agreement: Address) -> ChainFuture<'_, Option<AgreementInfo>> {
        Box::pin(async move {
            let Some((agreement, progress)) = self.find_agreement(agreement).await? else {
                return Ok(None);
            };
            let workers = (0..).zip(agreement.terms().workers());
            let workers = workers
                .filter(|(index, _)| progress.has_accepted(*index))
                .map(|(_, worker)| worker.account)
                .collect();
            let client = agreement.terms().header.client;
            let window = agreement.window_at(&progress, self.market.now().await?);
            let planned_end = planned_end_second(&agreement, &progress);
            Ok(Some(AgreementInfo { client, workers, window, planned_end }))
        })
    }

    fn message_key(&self, account: Address) -> ChainFuture<'_, Option<B256>> {
        Box::pin(async move { Ok(self.market.key_of(account).await?) })
    }

    fn seat_holder(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> ChainFuture<'_, Option<Address>> {
        Box::pin(self.seat_holder(agreement, window, place))
    }
}
