//! One of several nodes: its connection, and what is known of it.

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::time::{Duration, timeout};

use crate::error::{Fault, NodeError};
use crate::transport::Chain;

/// How many blocks a node may be behind the others: a few seconds on Arbitrum.
pub(super) const LAG: u64 = 20;

/// JSON-RPC's codes of a node that cannot answer this now: an internal error, and too many requests.
const UNWELL: [i64; 2] = [-32_603, -32_005];

/// Whether a fault says something of the node, and not of what it was asked.
pub(super) type Unwell = fn(&Fault) -> bool;

/// How a node is connected to.
type Opening = Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Chain>, NodeError>> + Send + Sync>;

/// One of the nodes.
pub(crate) struct One {
    /// Where it is.
    pub(super) url: Box<str>,
    /// How it is connected to.
    opening: Opening,
    /// What is known of it.
    health: Mutex<Health>,
}

/// What is known of a node.
#[derive(Clone, Debug, Default)]
struct Health {
    /// The connection, once there was one.
    chain: Option<Arc<dyn Chain>>,
    /// Whether it failed when it was last asked; then it is connected anew before it is asked again.
    down: bool,
    /// Whether it is behind the others.
    behind: bool,
    /// The highest block that it ever had.
    highest: u64,
    /// The block that it had when it was last looked at.
    latest: Option<u64>,
}

impl One {
    /// A node that nobody has connected to.
    pub(crate) fn new(url: Box<str>, opening: Opening) -> Self {
        Self { url, opening, health: Mutex::default() }
    }

    /// What is known of it.
    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Higher for those who are asked later.
    pub(super) fn rank(&self) -> u8 {
        let health = self.health();
        if health.down || health.chain.is_none() { 2 } else { u8::from(health.behind) }
    }

    /// The connection, made anew if the last one failed. Only to this chain, if it is known.
    async fn connection(&self, expected: Option<u64>) -> Result<Arc<dyn Chain>, Fault> {
        let Health { chain, down, .. } = self.health().clone();
        if let (Some(chain), false) = (chain, down) {
            return Ok(chain);
        }
        let chain = (self.opening)().await.map_err(Fault::Node)?;
        if let Some(expected) = expected {
            self.is_of(expected, chain.chain_id())?;
        }
        self.health().chain = Some(chain.clone());
        Ok(chain)
    }

    /// Whether it is a node of this chain.
    fn is_of(&self, expected: u64, found: u64) -> Result<(), Fault> {
        if expected == found {
            return Ok(());
        }
        let what = self.url.clone();
        Err(Fault::Node(NodeError::WrongChain { what, expected, found }))
    }

    /// The number of its latest block, if it is still a node of this chain.
    pub(super) async fn latest(&self, chain_id: u64, patience: Duration) -> Option<u64> {
        let head = self.ask(Some(chain_id), patience, cannot_tell, |chain| async move {
            self.is_of(chain_id, chain.identify().await?)?;
            chain.head().await
        });
        head.await.ok().map(|head| head.number)
    }

    /// Asks it something, and takes note of whether it could answer: not if the fault is `unwell`.
    pub(super) async fn ask<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        expected: Option<u64>,
        patience: Duration,
        unwell: Unwell,
        question: impl FnOnce(Arc<dyn Chain>) -> F,
    ) -> Result<T, Fault> {
        let was_down = self.health().down;
        let answer = async { question(self.connection(expected).await?).await };
        let answer = timeout(patience, answer).await.unwrap_or_else(|slow| {
            let url = self.url.clone();
            Err(Fault::Node(NodeError::Unreachable { url, source: slow.into() }))
        });
        let is_unwell = answer.as_ref().is_err_and(unwell);
        if is_unwell || was_down {
            // An answer to somebody else does not undo what was found out meanwhile.
            self.health().down = is_unwell;
        }
        answer
    }

    /// Takes note of its latest block beside the best one of all nodes.
    pub(super) fn compare(&self, head: u64, best: u64) {
        let mut health = self.health();
        // Whoever lost blocks has an older state, until it is where it was or the others are there too; and
        // whoever gets no more blocks may never have the next one.
        let stands = health.latest.replace(head) == Some(head);
        let lag = if stands || head < health.highest { 0 } else { LAG };
        health.behind = head.saturating_add(lag) < best;
        if !health.behind {
            health.highest = head;
        }
    }
}

impl Debug for One {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("One").field("health", &self.health()).finish_non_exhaustive()
    }
}

/// [`Unwell`] for what a node may refuse: a call, an estimate, a transaction.
pub(super) fn cannot_say(fault: &Fault) -> bool {
    match fault {
        Fault::Node(NodeError::Answered { code, .. }) => UNWELL.contains(code),
        other => cannot_tell(other),
    }
}

/// [`Unwell`] for what every node knows that is well: whatever it says instead.
pub(super) const fn cannot_tell(fault: &Fault) -> bool {
    !matches!(fault, Fault::Node(NodeError::Signing(_)) | Fault::Reverted(_))
}
