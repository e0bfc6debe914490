//! A transaction on its way into a block: looked for, sent again, replaced when it is too cheap.

use alloy::primitives::B256;
use tokio::time::{Duration, Instant, sleep};

use crate::error::MarketError;
use crate::node::{Node, chain_fault};
use crate::outbox::Outcome;
use crate::signed::{Draft, Signed};
use crate::transport::Receipt;

/// How often to look for it.
const POLL: Duration = Duration::from_millis(100);

/// How often to see to it that the node has it and that it pays enough.
const NUDGE: Duration = Duration::from_secs(1);

/// How often in a row it must look as if another transaction took its nonce: behind one URL there may be
/// nodes of which one is a block ahead of the other.
const SURE: u8 = 5;

/// All transactions of one account and nonce that this program knows: at most one of them happens.
#[derive(Debug)]
pub(crate) struct Deed {
    /// The one that pays most.
    pub(crate) latest: Signed,
    /// Hashes of those that it replaced.
    replaced: Vec<B256>,
}

impl Deed {
    /// A transaction that replaces none.
    pub(crate) const fn new(signed: Signed) -> Self {
        Self { latest: signed, replaced: Vec::new() }
    }

    /// Adds another of the same account and nonce.
    pub(crate) fn add(&mut self, mut signed: Signed) {
        if signed.draft.fees.cap > self.latest.draft.fees.cap {
            std::mem::swap(&mut self.latest, &mut signed);
        }
        self.replaced.push(signed.hash);
    }
}

/// What is seen of a deed.
enum Glance {
    /// One of its transactions is in a block.
    InBlock(Receipt),
    /// The nonce is taken, and not by one of them.
    Passed,
    /// They wait.
    Waiting,
}

impl Node {
    /// Follows a deed until one of its transactions is in a block, and tells the outbox.
    pub(crate) async fn see_through(&self, deed: &mut Deed) -> Result<Receipt, MarketError> {
        let end = self.follow(deed).await;
        match &end {
            Ok(receipt) => self.tell(&deed.latest, &Outcome::InBlock(receipt.clone())),
            Err(MarketError::NonceTaken { .. }) => self.tell(&deed.latest, &Outcome::NonceTaken),
            Err(_) => {}
        }
        end
    }

    /// Looks until it is clear what became of a deed, or patience ends. Whatever is wrong with the node
    /// meanwhile says nothing about the deed.
    async fn follow(&self, deed: &mut Deed) -> Result<Receipt, MarketError> {
        let (since, mut nudged, mut passed) = (Instant::now(), Instant::now(), 0_u8);
        loop {
            passed = match self.glance(deed).await {
                Ok(Glance::InBlock(receipt)) => return Ok(receipt),
                Ok(Glance::Passed) => passed.saturating_add(1),
                Ok(Glance::Waiting) => 0,
                Err(_) => passed,
            };
            if passed == SURE {
                let (account, nonce) = (deed.latest.from, deed.latest.nonce());
                return Err(MarketError::NonceTaken { account, nonce });
            }
            if since.elapsed() > self.patience {
                return Err(MarketError::Unconfirmed(deed.latest.hash));
            }
            if passed == 0 && nudged.elapsed() > NUDGE {
                self.nudge(deed).await;
                nudged = Instant::now();
            }
            sleep(POLL).await;
        }
    }

    /// Looks once. That the nonce is taken counts only if the next look finds no receipt either.
    async fn glance(&self, deed: &Deed) -> Result<Glance, MarketError> {
        for hash in deed.replaced.iter().chain([&deed.latest.hash]) {
            if let Some(receipt) = self.receipt(*hash).await? {
                return Ok(Glance::InBlock(receipt));
            }
        }
        let next = self.chain.nonce(deed.latest.from, false).await.map_err(chain_fault)?;
        Ok(if next > deed.latest.nonce() { Glance::Passed } else { Glance::Waiting })
    }

    /// Sends a deed once more, in case that no node has it any longer; replaced by one that pays more if
    /// the base fee has left it behind. What a node says to that does not matter: looking does.
    async fn nudge(&self, deed: &mut Deed) {
        if let Some(dearer) = self.dearer(deed).await {
            // What cannot be written down is not sent; what it would replace stays.
            if self.remember(&dearer).is_ok() {
                deed.add(dearer);
            }
        }
        drop(self.chain.broadcast(&deed.latest).await);
    }

    /// What is to replace a deed's transaction, if the base fee has left it behind.
    async fn dearer(&self, deed: &Deed) -> Option<Signed> {
        let (base, draft) = (self.head().await.ok()?.gas_price, &deed.latest.draft);
        if base <= draft.fees.cap || self.chain.account() != Some(deed.latest.from) {
            return None;
        }
        let dearer = Draft { fees: draft.fees.raised(base), ..draft.clone() };
        self.chain.sign(&dearer).await.ok()
    }
}
