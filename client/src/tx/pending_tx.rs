//! A transaction in flight: polled, rebroadcast, and replaced when it pays too little.

use alloy::primitives::B256;
use tokio::time::{Duration, Instant, sleep};

use super::fees;
use super::journal::{JournalHandle, TxOutcome};
use crate::backend::{Receipt, SignedTx, TxDraft};
use crate::chain::ChainReader;
use crate::error::{MarketError, lookup_error};

/// The time between two polls.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// The time between two broadcasts of the same transaction, each with a look at the base fee.
const REBROADCAST_INTERVAL: Duration = Duration::from_secs(1);

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

/// What a poll finds.
enum PollResult {
    /// One of the transactions is mined.
    Mined(Receipt),
    /// Another transaction has the nonce.
    NonceTaken,
    /// Neither.
    Pending,
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
        let (since, mut last_broadcast, mut nonce_taken) = (Instant::now(), Instant::now(), 0_u8);
        loop {
            nonce_taken = match self.poll(tracker.chain).await {
                Ok(PollResult::Mined(receipt)) => return Ok(receipt),
                Ok(PollResult::NonceTaken) => nonce_taken.saturating_add(1),
                Ok(PollResult::Pending) => 0,
                Err(_) => nonce_taken,
            };
            if nonce_taken == NONCE_TAKEN_POLLS {
                let (account, nonce) = (self.latest.from, self.latest.nonce());
                return Err(MarketError::NonceTaken { account, nonce });
            }
            if since.elapsed() > tracker.timeout {
                return Err(MarketError::Unconfirmed(self.latest.hash));
            }
            if nonce_taken == 0 && last_broadcast.elapsed() > REBROADCAST_INTERVAL {
                self.rebroadcast(tracker).await;
                last_broadcast = Instant::now();
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Looks for a receipt once, then at the nonce. A block may come in between, so a taken nonce counts
    /// only if the next poll finds no receipt either.
    async fn poll(&self, chain: &ChainReader) -> Result<PollResult, MarketError> {
        for hash in self.replaced.iter().chain([&self.latest.hash]) {
            if let Some(receipt) = chain.receipt(*hash).await? {
                return Ok(PollResult::Mined(receipt));
            }
        }
        let next = chain.backend().nonce(self.latest.from, false).await.map_err(lookup_error)?;
        Ok(if next > self.latest.nonce() { PollResult::NonceTaken } else { PollResult::Pending })
    }

    /// Broadcasts the latest transaction again, in case no node has it any more, after replacing it if it
    /// pays less than the base fee. The node's answer is ignored: polls tell what became of it.
    async fn rebroadcast(&mut self, tracker: TxTracker<'_>) {
        if let Some(bumped) = self.bumped(tracker.chain).await {
            // A replacement that cannot be recorded is not sent; the old transaction stays.
            if tracker.journal.record(&bumped).is_ok() {
                self.add_replacement(bumped);
            }
        }
        drop(tracker.chain.backend().broadcast(&self.latest).await);
    }

    /// The replacement for the latest transaction, if that pays less than the base fee.
    async fn bumped(&self, chain: &ChainReader) -> Option<SignedTx> {
        let (base_fee, draft) = (chain.head().await.ok()?.gas_price, &self.latest.draft);
        if base_fee <= draft.fees.cap || chain.backend().account() != Some(self.latest.from) {
            return None;
        }
        let bumped = TxDraft { fees: fees::bumped(draft.fees, base_fee), ..draft.clone() };
        chain.backend().sign(&bumped).await.ok()
    }
}
