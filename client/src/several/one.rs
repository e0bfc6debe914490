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
        let found = chain.chain_id();
        if let Some(expected) = expected.filter(|expected| *expected != found) {
            let what = self.url.clone();
            return Err(Fault::Node(NodeError::WrongChain { what, expected, found }));
        }
        self.health().chain = Some(chain.clone());
        Ok(chain)
    }

    /// Asks it something, and takes note of whether it could answer.
    pub(super) async fn ask<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        expected: Option<u64>,
        patience: Duration,
        question: impl FnOnce(Arc<dyn Chain>) -> F,
    ) -> Result<T, Fault> {
        let answer = async { question(self.connection(expected).await?).await };
        let answer = timeout(patience, answer).await.unwrap_or_else(|slow| {
            let url = self.url.clone();
            Err(Fault::Node(NodeError::Unreachable { url, source: slow.into() }))
        });
        self.health().down = answer.as_ref().is_err_and(is_unwell);
        answer
    }

    /// Takes note of its latest block beside the best one of all nodes.
    pub(super) fn compare(&self, head: u64, best: u64) {
        let mut health = self.health();
        // Whoever lost blocks has an older state, until it is where it was or the others are there too.
        let lag = if head < health.highest { 0 } else { LAG };
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

/// Whether a fault says something of the node, and not of what it was asked.
pub(super) fn is_unwell(fault: &Fault) -> bool {
    match fault {
        Fault::Node(NodeError::Answered { code, .. }) => UNWELL.contains(code),
        Fault::Node(NodeError::Signing(_)) | Fault::Reverted(_) => false,
        Fault::Node(_) => true,
    }
}
