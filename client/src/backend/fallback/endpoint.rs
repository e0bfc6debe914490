//! One of several nodes: its connection and its health.

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::time::{Duration, timeout};

use crate::backend::Backend;
use crate::error::{BackendError, NodeError};

/// How many blocks a node may lag behind the best one: a few seconds on Arbitrum.
pub(super) const MAX_LAG: u64 = 20;

/// JSON-RPC error codes of a node that cannot answer now: an internal error, and too many requests.
const NODE_FAULT_CODES: [i64; 2] = [-32_603, -32_005];

/// Whether an error is the fault of the node, and not of the request.
pub(super) type IsNodeFault = fn(&BackendError) -> bool;

/// Connects to a node.
type Connector =
    Box<dyn Fn() -> BoxFuture<'static, Result<Arc<dyn Backend>, NodeError>> + Send + Sync>;

/// A node, ranked by its health.
pub(crate) struct RankedEndpoint {
    /// Its URL, as it may be shown.
    pub(super) url: Box<str>,
    /// Connects to it.
    connector: Connector,
    /// Its health.
    health: Mutex<EndpointHealth>,
}

/// The health of a node.
#[derive(Clone, Debug, Default)]
struct EndpointHealth {
    /// The last connection.
    backend: Option<Arc<dyn Backend>>,
    /// Whether its last request failed; then it is connected anew before the next one.
    down: bool,
    /// Whether it lags behind the others.
    lagging: bool,
    /// The highest block that it has had.
    highest: u64,
    /// The block that it had at the last comparison.
    latest: Option<u64>,
}

impl RankedEndpoint {
    /// A node without a connection.
    pub(super) fn new(url: Box<str>, connector: Connector) -> Self {
        Self { url, connector, health: Mutex::default() }
    }

    /// Its health.
    fn health(&self) -> MutexGuard<'_, EndpointHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The order in which nodes are tried, the lowest first.
    pub(super) fn rank(&self) -> u8 {
        let health = self.health();
        if health.down || health.backend.is_none() { 2 } else { u8::from(health.lagging) }
    }

    /// The connection, made anew if the last request failed. Fails if the chain is not the expected one.
    async fn connection(&self, expected: Option<u64>) -> Result<Arc<dyn Backend>, BackendError> {
        let EndpointHealth { backend, down, .. } = self.health().clone();
        if let (Some(backend), false) = (backend, down) {
            return Ok(backend);
        }
        let backend = (self.connector)().await.map_err(BackendError::Node)?;
        if let Some(expected) = expected {
            self.check_chain(expected, backend.chain_id())?;
        }
        self.health().backend = Some(backend.clone());
        Ok(backend)
    }

    /// Fails if the node belongs to another chain.
    fn check_chain(&self, expected: u64, found: u64) -> Result<(), BackendError> {
        if expected == found {
            return Ok(());
        }
        let what = self.url.clone();
        Err(BackendError::Node(NodeError::WrongChain { what, expected, found }))
    }

    /// The number of its latest block, if it answers and belongs to this chain.
    pub(super) async fn latest_block(
        &self,
        chain_id: u64,
        request_timeout: Duration,
    ) -> Option<u64> {
        let head =
            self.request(Some(chain_id), request_timeout, retry_lookup, |backend| async move {
                self.check_chain(chain_id, backend.fetch_chain_id().await?)?;
                backend.head().await
            });
        head.await.ok().map(|head| head.number)
    }

    /// Sends it a request, and records whether the node was at fault.
    pub(super) async fn request<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        expected: Option<u64>,
        request_timeout: Duration,
        is_node_fault: IsNodeFault,
        request: impl FnOnce(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        let was_down = self.health().down;
        let answer = async { request(self.connection(expected).await?).await };
        let answer = timeout(request_timeout, answer).await.unwrap_or_else(|slow| {
            let url = self.url.clone();
            Err(BackendError::Node(NodeError::Unreachable { url, source: slow.into() }))
        });
        // A node that was asked too often works, and a new connection would be one more request.
        let is_at_fault =
            answer.as_ref().is_err_and(|error| is_node_fault(error) && !error.is_rate_limit());
        if is_at_fault || was_down {
            // A success does not undo a fault that another request found meanwhile.
            self.health().down = is_at_fault;
        }
        answer
    }

    /// Records its latest block, next to the best one of all nodes.
    pub(super) fn record_head(&self, head: u64, best: u64) {
        let mut health = self.health();
        // A node that lost blocks has an older state, until it is back at its height or the others have
        // dropped to it. A node that gets no new blocks may never have the next one. Neither may lag at
        // all.
        let stalled = health.latest.replace(head) == Some(head);
        let lag = if stalled || head < health.highest { 0 } else { MAX_LAG };
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

/// [`IsNodeFault`] of requests that a healthy node may refuse: calls, estimates, transactions.
pub(super) fn retry_call(error: &BackendError) -> bool {
    match error {
        BackendError::Node(NodeError::Rpc { code, .. }) => NODE_FAULT_CODES.contains(code),
        other => retry_lookup(other),
    }
}

/// [`IsNodeFault`] of requests that every healthy node answers: any error but a local one.
pub(super) const fn retry_lookup(error: &BackendError) -> bool {
    !matches!(error, BackendError::Node(NodeError::Signing(_)) | BackendError::Reverted(_))
}
