//! One of several nodes: its connection and its health.

use std::fmt::{self, Debug, Formatter};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use tokio::time::{Duration, timeout};

use super::pacer::Pacer;
use crate::backend::Backend;
use crate::error::{BackendError, NodeError};

/// How many blocks a node may lag behind the best one: a few seconds on Arbitrum.
pub(super) const MAX_LAG: u64 = 20;

/// The JSON-RPC error code of a node that cannot answer now.
const INTERNAL_ERROR: i64 = -32_603;

/// The JSON-RPC error code of a limit: of requests, or of the size of an answer.
const LIMIT_EXCEEDED: i64 = -32_005;

/// How the errors of a kind of request are understood.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestKind {
    /// Whether an error is the fault of the node, and not of the request.
    pub(super) is_node_fault: fn(&BackendError) -> bool,
    /// Whether an error means that the node was asked too often.
    pub(super) is_rate_limit: fn(&BackendError) -> bool,
}

/// Requests that a healthy node may refuse: calls, estimates, transactions.
pub(super) const CALL: RequestKind =
    RequestKind { is_node_fault: is_fault_of_call, is_rate_limit: may_be_rate_limit };

/// Requests that every healthy node answers.
pub(super) const LOOKUP: RequestKind =
    RequestKind { is_node_fault: is_fault_of_lookup, is_rate_limit: may_be_rate_limit };

/// [`LOOKUP`] of logs, of which nodes may refuse too many, too.
pub(super) const LOGS: RequestKind =
    RequestKind { is_node_fault: is_fault_of_lookup, is_rate_limit };

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
    /// How fast it is asked.
    pacer: Pacer,
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
        Self { url, connector, health: Mutex::default(), pacer: Pacer::default() }
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
        let head = self.request(Some(chain_id), request_timeout, LOOKUP, |backend| async move {
            self.check_chain(chain_id, backend.fetch_chain_id().await?)?;
            backend.head().await
        });
        head.await.ok().map(|head| head.number)
    }

    /// How long it takes no request.
    pub(super) fn wait(&self) -> Duration {
        self.pacer.wait()
    }

    /// Its last refusal, as long as it takes no request.
    pub(super) fn refusal(&self) -> BackendError {
        let message = format!("{} takes no request for {:?}", self.url, self.wait()).into();
        BackendError::Node(NodeError::RateLimited { message, retry_after: Some(self.wait()) })
    }

    /// Sends it a request as soon as it takes one, and records whether the node was at fault.
    pub(super) async fn request<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        expected: Option<u64>,
        request_timeout: Duration,
        kind: RequestKind,
        request: impl FnOnce(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        let made = self.pacer.admit().await;
        let was_down = self.health().down;
        let answer = async { request(self.connection(expected).await?).await };
        let answer = timeout(request_timeout, answer).await.unwrap_or_else(|slow| {
            let url = self.url.clone();
            Err(BackendError::Node(NodeError::Unreachable { url, source: slow.into() }))
        });
        match &answer {
            // It works, and a new connection would be one more request.
            Err(error) if (kind.is_rate_limit)(error) => {
                self.pacer.record_refusal(made, named_pause(error));
                return answer;
            }
            _ => self.pacer.record_answer(),
        }
        let is_at_fault = answer.as_ref().is_err_and(kind.is_node_fault);
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

/// The pause that a node asks for.
const fn named_pause(error: &BackendError) -> Option<Duration> {
    match error {
        BackendError::Node(NodeError::RateLimited { retry_after, .. }) => *retry_after,
        _ => None,
    }
}

/// See [`CALL`].
fn is_fault_of_call(error: &BackendError) -> bool {
    match error {
        BackendError::Node(NodeError::Rpc { code, .. }) => {
            [INTERNAL_ERROR, LIMIT_EXCEEDED].contains(code)
        }
        other => is_fault_of_lookup(other),
    }
}

/// See [`LOOKUP`]: any error but a local one.
const fn is_fault_of_lookup(error: &BackendError) -> bool {
    !matches!(error, BackendError::Node(NodeError::Signing(_)) | BackendError::Reverted(_))
}

/// Whether a node says that it was asked too often.
const fn is_rate_limit(error: &BackendError) -> bool {
    matches!(error, BackendError::Node(NodeError::RateLimited { .. }))
}

/// [`is_rate_limit`] where no other limit can be meant.
const fn may_be_rate_limit(error: &BackendError) -> bool {
    is_rate_limit(error)
        || matches!(error, BackendError::Node(NodeError::Rpc { code: LIMIT_EXCEEDED, .. }))
}
