//! One of several nodes: its connection, and what is known of it.

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::time::{Duration, timeout};

use crate::backend::Backend;
use crate::error::{BackendError, NodeError};

/// How many blocks a node may be behind the others: a few seconds on Arbitrum.
pub(super) const MAX_LAG: u64 = 20;

/// JSON-RPC's codes of a node that cannot answer this now: an internal error, and too many requests.
const NODE_FAULT_CODES: [i64; 2] = [-32_603, -32_005];

/// Whether a fault says something of the node, and not of what it was asked.
pub(super) type IsNodeFault = fn(&BackendError) -> bool;

/// How a node is connected to.
type Connector =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Backend>, NodeError>> + Send + Sync>;

/// One of the nodes.
pub(crate) struct RankedEndpoint {
    /// Where it is.
    pub(super) url: Box<str>,
    /// How it is connected to.
    connector: Connector,
    /// What is known of it.
    health: Mutex<EndpointHealth>,
}

/// What is known of a node.
#[derive(Clone, Debug, Default)]
struct EndpointHealth {
    /// The connection, once there was one.
    backend: Option<Arc<dyn Backend>>,
    /// Whether it failed when it was last asked; then it is connected anew before it is asked again.
    down: bool,
    /// Whether it is behind the others.
    lagging: bool,
    /// The highest block that it ever had.
    highest: u64,
    /// The block that it had when it was last looked at.
    latest: Option<u64>,
}

impl RankedEndpoint {
    /// A node that nobody has connected to.
    pub(crate) fn new(url: Box<str>, opening: Connector) -> Self {
        Self { url, connector: opening, health: Mutex::default() }
    }

    /// What is known of it.
    fn health(&self) -> MutexGuard<'_, EndpointHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Higher for those who are asked later.
    pub(super) fn rank(&self) -> u8 {
        let health = self.health();
        if health.down || health.backend.is_none() { 2 } else { u8::from(health.lagging) }
    }

    /// The connection, made anew if the last one failed. Only to this chain, if it is known.
    async fn connection(&self, expected: Option<u64>) -> Result<Arc<dyn Backend>, BackendError> {
        let EndpointHealth { backend: chain, down, .. } = self.health().clone();
        if let (Some(chain), false) = (chain, down) {
            return Ok(chain);
        }
        let chain = (self.connector)().await.map_err(BackendError::Node)?;
        if let Some(expected) = expected {
            self.check_chain(expected, chain.chain_id())?;
        }
        self.health().backend = Some(chain.clone());
        Ok(chain)
    }

    /// Whether it is a node of this chain.
    fn check_chain(&self, expected: u64, found: u64) -> Result<(), BackendError> {
        if expected == found {
            return Ok(());
        }
        let what = self.url.clone();
        Err(BackendError::Node(NodeError::WrongChain { what, expected, found }))
    }

    /// The number of its latest block, if it is still a node of this chain.
    pub(super) async fn latest_block(
        &self,
        chain_id: u64,
        request_timeout: Duration,
    ) -> Option<u64> {
        let head =
            self.request(Some(chain_id), request_timeout, retry_lookup, |chain| async move {
                self.check_chain(chain_id, chain.fetch_chain_id().await?)?;
                chain.head().await
            });
        head.await.ok().map(|head| head.number)
    }

    /// Asks it something, and takes note of whether it could answer: not if the fault is `unwell`.
    pub(super) async fn request<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        expected: Option<u64>,
        request_timeout: Duration,
        is_node_fault: IsNodeFault,
        question: impl FnOnce(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        let was_down = self.health().down;
        let answer = async { question(self.connection(expected).await?).await };
        let answer = timeout(request_timeout, answer).await.unwrap_or_else(|slow| {
            let url = self.url.clone();
            Err(BackendError::Node(NodeError::Unreachable { url, source: slow.into() }))
        });
        let is_at_fault = answer.as_ref().is_err_and(is_node_fault);
        if is_at_fault || was_down {
            // An answer to somebody else does not undo what was found out meanwhile.
            self.health().down = is_at_fault;
        }
        answer
    }

    /// Takes note of its latest block beside the best one of all nodes.
    pub(super) fn record_head(&self, head: u64, best: u64) {
        let mut health = self.health();
        // Whoever lost blocks has an older state, until it is where it was or the others are there too; and
        // whoever gets no more blocks may never have the next one.
        let stands = health.latest.replace(head) == Some(head);
        let lag = if stands || head < health.highest { 0 } else { MAX_LAG };
        health.lagging = head.saturating_add(lag) < best;
        if !health.lagging {
            health.highest = head;
        }
    }
}

impl Debug for RankedEndpoint {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RankedEndpoint").field("health", &self.health()).finish_non_exhaustive()
    }
}

/// [`IsNodeFault`] for what a node may refuse: a call, an estimate, a transaction.
pub(super) fn retry_call(error: &BackendError) -> bool {
    match error {
        BackendError::Node(NodeError::Rpc { code, .. }) => NODE_FAULT_CODES.contains(code),
        other => retry_lookup(other),
    }
}

/// [`IsNodeFault`] for what every node knows that is well: whatever it says instead.
pub(super) const fn retry_lookup(error: &BackendError) -> bool {
    !matches!(error, BackendError::Node(NodeError::Signing(_)) | BackendError::Reverted(_))
}
