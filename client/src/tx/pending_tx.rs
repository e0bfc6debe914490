//! A transaction in flight: polled, rebroadcast, and replaced when it pays too little.

use alloy::primitives::B256;
use tokio::time::{Duration, Instant, sleep};

use super::fees;
use super::journal::{JournalHandle, TxOutcome};
use super::prices::{RisenPrices, risen_prices};
use crate::backend::{BlockTag, CallEnv, Receipt, SignedTx, TxDraft};
use crate::chain::ChainReader;
use crate::error::{MarketError, lookup_error};

/// The time before the second poll. Each later one is half as long again.
const FIRST_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The longest time between two polls.
const LONGEST_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// The time between two looks at the nonce.
const NONCE_INTERVAL: Duration = Duration::from_millis(500);

/// The time between two broadcasts of the same transaction, each with a look at the base fee.
const REBROADCAST_INTERVAL: Duration = Duration::from_secs(2);

/// How many polls in a row must find the nonce taken: one URL may stand for several nodes, of which one is
/// a block ahead.
const NONCE_TAKEN_POLLS: u8 = 5;

/// All transactions of one account and nonce that this program knows. At most one of them is mined.
#[derive(Debug)]
pub(super) struct PendingTx {
    /// The one that pays most.
    pub(super) latest: SignedTx,
    /// Hashes of those that it replaced.
    replaced: Vec<B256>,
}

/// What following a transaction needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct TxTracker<'a> {
    /// The chain.
    pub(super) chain: &'a ChainReader,
    /// Where replacements and outcomes are recorded.
    pub(super) journal: &'a JournalHandle,
    /// How long to wait for a block.
    pub(super) timeout: Duration,
}

impl PendingTx {
    /// A transaction that replaces none.
    pub(super) const fn new(signed: SignedTx) -> Self {
        Self { latest: signed, replaced: Vec::new() }
    }

    /// Adds another transaction of the same account and nonce.
    pub(super) fn add_replacement(&mut self, mut signed: SignedTx) {
        if signed.draft.fees.cap > self.latest.draft.fees.cap {
            std::mem::swap(&mut self.latest, &mut signed);
        }
        self.replaced.push(signed.hash);
    }

    /// Waits until one of the transactions is mined, or none can be, and records the outcome.
    ///
    /// # Errors
    /// [`MarketError::NonceTaken`]; [`MarketError::Unconfirmed`] at the timeout, without an outcome.
    pub(super) async fn confirm(&mut self, tracker: TxTracker<'_>) -> Result<Receipt, MarketError> {
        let result = self.poll_until_mined(tracker).await;
        let outcome = match &result {
            Ok(receipt) => TxOutcome::Mined(receipt.clone()),
            Err(MarketError::NonceTaken { .. }) => TxOutcome::NonceTaken,
            Err(_) => return result,
        };
        tracker.journal.record_outcome(&self.latest, &outcome);
        result
    }

    /// Polls until the outcome is known or the timeout passes. Errors of the node do not count: they say
    /// nothing about the transaction.
    async fn poll_until_mined(&mut self, tracker: TxTracker<'_>) -> Result<Receipt, MarketError> {
        let since = Instant::now();
        let (mut last_broadcast, mut last_nonce, mut nonce_taken) = (since, since, 0_u8);
        let mut interval = FIRST_POLL_INTERVAL;
        loop {
            let mut is_pending = false;
            if let Ok(receipt) = self.receipt(tracker.chain).await {
                if let Some(receipt) = receipt {
                    return Ok(receipt);
                }
                // A block may come in between, so a taken nonce counts only if the next polls find no receipt either.
                if nonce_taken > 0 || last_nonce.elapsed() >= NONCE_INTERVAL {
                    last_nonce = Instant::now();
                    match self.has_lost_nonce(tracker.chain).await {
                        Ok(true) => nonce_taken = nonce_taken.saturating_add(1),
                        Ok(false) => (is_pending, nonce_taken) = (true, 0),
                        Err(_) => {}
                    }
                }
            }
            if nonce_taken == NONCE_TAKEN_POLLS {
                let (account, nonce) = (self.latest.from, self.latest.nonce());
                return Err(MarketError::NonceTaken { account, nonce });
            }
            if since.elapsed() > tracker.timeout {
                return Err(MarketError::Unconfirmed(self.latest.hash));
            }
            if is_pending && last_broadcast.elapsed() > REBROADCAST_INTERVAL {
                self.rebroadcast(tracker).await;
                last_broadcast = Instant::now();
            }
            sleep(if nonce_taken > 0 { FIRST_POLL_INTERVAL } else { interval }).await;
            interval = interval
                .saturating_add(interval.checked_div(2).unwrap_or_default())
                .min(LONGEST_POLL_INTERVAL);
        }
    }

    /// The receipt of the transaction that was mined, if one was.
    async fn receipt(&self, chain: &ChainReader) -> Result<Option<Receipt>, MarketError> {
        for hash in [&self.latest.hash].into_iter().chain(self.replaced.iter().rev()) {
            if let Some(receipt) = chain.receipt(*hash).await? {
                return Ok(Some(receipt));
            }
        }
        Ok(None)
    }

    /// Whether a transaction with this nonce was mined.
    async fn has_lost_nonce(&self, chain: &ChainReader) -> Result<bool, MarketError> {
        let next = chain.backend().nonce(self.latest.from, false).await.map_err(lookup_error)?;
        Ok(next > self.latest.nonce())
    }

    /// Broadcasts the latest transaction again, in case no node has it any more, after replacing it if it
    /// pays less than the base fee. Replaces it also if the node rejects it because its gas no longer suffices;
    /// other answers are ignored: polls tell what became of it.
    async fn rebroadcast(&mut self, tracker: TxTracker<'_>) {
        let (chain, draft) = (tracker.chain, &self.latest.draft);
        if let Ok(head) = chain.head().await
            && head.gas_price > draft.fees.cap
        {
            let prices = RisenPrices { gas_limit: draft.gas_limit, base_fee: head.gas_price };
            self.replace(tracker, prices).await;
        }
        let refused = chain.backend().broadcast(&self.latest).await.is_err();
        // A node also refuses a transaction that it has.
        if refused && matches!(chain.backend().transaction(self.latest.hash).await, Ok(None)) {
            let env = CallEnv { block: BlockTag::Pending, ..CallEnv::default() };
            if let Some(prices) = risen_prices(chain, &self.latest.draft, &env).await {
                self.replace(tracker, prices).await;
                drop(chain.backend().broadcast(&self.latest).await);
            }
        }
    }

    /// Replaces the latest transaction by one at these prices.
    async fn replace(&mut self, tracker: TxTracker<'_>, prices: RisenPrices) {
        let (backend, draft) = (tracker.chain.backend(), &self.latest.draft);
        if backend.account() != Some(self.latest.from) {
            return;
        }
        let fees = fees::bumped(draft.fees, prices.base_fee);
        let bumped = TxDraft { fees, gas_limit: prices.gas_limit, ..draft.clone() };
        // A replacement that cannot be recorded is not sent; the old transaction stays.
        if let Ok(bumped) = backend.sign(&bumped).await
            && tracker.journal.record(&bumped).is_ok()
        {
            self.add_replacement(bumped);
        }
    }
}
