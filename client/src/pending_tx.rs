//! A transaction on its way into a block: looked for, sent again, replaced when it is too cheap.

use alloy::primitives::B256;
use tokio::time::{Duration, Instant, sleep};

use crate::backend::Receipt;
use crate::error::MarketError;
use crate::node::{Node, backend_error};
use crate::signed_tx::{SignedTx, TxDraft};
use crate::tx_journal::TxOutcome;

/// How often to look for it.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How often to see to it that the node has it and that it pays enough.
const REBROADCAST_INTERVAL: Duration = Duration::from_secs(1);

/// How often in a row it must look as if another transaction took its nonce: behind one URL there may be
/// nodes of which one is a block ahead of the other.
const NONCE_TAKEN_POLLS: u8 = 5;

/// All transactions of one account and nonce that this program knows: at most one of them happens.
#[derive(Debug)]
pub(crate) struct PendingTx {
    /// The one that pays most.
    pub(crate) latest: SignedTx,
    /// Hashes of those that it replaced.
    replaced: Vec<B256>,
}

impl PendingTx {
    /// A transaction that replaces none.
    pub(crate) const fn new(signed: SignedTx) -> Self {
        Self { latest: signed, replaced: Vec::new() }
    }

    /// Adds another of the same account and nonce.
    pub(crate) fn add_replacement(&mut self, mut signed: SignedTx) {
        if signed.draft.fees.cap > self.latest.draft.fees.cap {
            std::mem::swap(&mut self.latest, &mut signed);
        }
        self.replaced.push(signed.hash);
    }
}

/// What is seen of a deed.
enum PollResult {
    /// One of its transactions is in a block.
    Mined(Receipt),
    /// The nonce is taken, and not by one of them.
    NonceTaken,
    /// They wait.
    Pending,
}

impl Node {
    /// Follows a deed until one of its transactions is in a block, and tells the outbox.
    pub(crate) async fn confirm(&self, tx: &mut PendingTx) -> Result<Receipt, MarketError> {
        let end = self.poll_until_mined(tx).await;
        match &end {
            Ok(receipt) => self.journal_outcome(&tx.latest, &TxOutcome::Mined(receipt.clone())),
            Err(MarketError::NonceTaken { .. }) => {
                self.journal_outcome(&tx.latest, &TxOutcome::NonceTaken)
            }
            Err(_) => {}
        }
        end
    }

    /// Looks until it is clear what became of a deed, or patience ends. Whatever is wrong with the node
    /// meanwhile says nothing about the deed.
    async fn poll_until_mined(&self, tx: &mut PendingTx) -> Result<Receipt, MarketError> {
        let (since, mut last_broadcast, mut nonce_taken) = (Instant::now(), Instant::now(), 0_u8);
        loop {
            nonce_taken = match self.poll(tx).await {
                Ok(PollResult::Mined(receipt)) => return Ok(receipt),
                Ok(PollResult::NonceTaken) => nonce_taken.saturating_add(1),
                Ok(PollResult::Pending) => 0,
                Err(_) => nonce_taken,
            };
            if nonce_taken == NONCE_TAKEN_POLLS {
                let (account, nonce) = (tx.latest.from, tx.latest.nonce());
                return Err(MarketError::NonceTaken { account, nonce });
            }
            if since.elapsed() > self.timeout {
                return Err(MarketError::Unconfirmed(tx.latest.hash));
            }
            if nonce_taken == 0 && last_broadcast.elapsed() > REBROADCAST_INTERVAL {
                self.rebroadcast(tx).await;
                last_broadcast = Instant::now();
            }
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Looks once. That the nonce is taken counts only if the next look finds no receipt either.
    async fn poll(&self, tx: &PendingTx) -> Result<PollResult, MarketError> {
        for hash in tx.replaced.iter().chain([&tx.latest.hash]) {
            if let Some(receipt) = self.receipt(*hash).await? {
                return Ok(PollResult::Mined(receipt));
            }
        }
        let next = self.backend.nonce(tx.latest.from, false).await.map_err(backend_error)?;
        Ok(if next > tx.latest.nonce() { PollResult::NonceTaken } else { PollResult::Pending })
    }

    /// Sends a deed once more, in case that no node has it any longer; replaced by one that pays more if
    /// the base fee has left it behind. What a node says to that does not matter: looking does.
    async fn rebroadcast(&self, tx: &mut PendingTx) {
        if let Some(bumped) = self.bumped(tx).await {
            // What cannot be written down is not sent; what it would replace stays.
            if self.journal_signed(&bumped).is_ok() {
                tx.add_replacement(bumped);
            }
        }
        drop(self.backend.broadcast(&tx.latest).await);
    }

    /// What is to replace a deed's transaction, if the base fee has left it behind.
    async fn bumped(&self, tx: &PendingTx) -> Option<SignedTx> {
        let (base, draft) = (self.head().await.ok()?.gas_price, &tx.latest.draft);
        if base <= draft.fees.cap || self.backend.account() != Some(tx.latest.from) {
            return None;
        }
        let bumped = TxDraft { fees: draft.fees.bumped(base), ..draft.clone() };
        self.backend.sign(&bumped).await.ok()
    }
}
