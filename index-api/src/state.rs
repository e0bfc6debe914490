//! What all requests share.

use std::sync::Arc;

use muster_index::Index;
use muster_index::database::Transaction;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::evidence::PublishedEvidence;
use crate::failure::Failure;
use crate::options::ApiOptions;
use crate::rate_limit::RateLimiter;

use crate::wire::ErrorCode;

/// The most queries at once: each has a connection of the database.
const MAX_QUERIES: usize = 8;

/// The most queries that wait.
const MAX_WAITING: usize = 512;

/// The most readers of events.
const MAX_READERS: usize = 512;

/// What all requests share. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct ApiState(Arc<Shared>);

/// See [`ApiState`].
#[derive(Debug)]
pub(crate) struct Shared {
    /// The index.
    index: Index,
    /// Requests per second.
    pub(crate) limiter: RateLimiter,
    /// Whether clients come through a proxy that says where they are.
    pub(crate) is_behind_proxy: bool,
    /// Evidence that the operator publishes.
    pub(crate) evidence: Vec<PublishedEvidence>,
    /// Queries that may run.
    queries: Arc<Semaphore>,
    /// Queries that may wait or run.
    waiting: Arc<Semaphore>,
    /// Readers of events that may come.
    readers: Arc<Semaphore>,
    /// Counts changes of the index.
    pub(crate) changes: watch::Sender<u64>,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl std::ops::Deref for ApiState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl ApiState {
    /// What the requests to a server share.
    pub(crate) fn new(index: Index, options: ApiOptions, shutdown: CancellationToken) -> Self {
        Self(Arc::new(Shared {
            index,
            limiter: RateLimiter::new(options.requests_per_second),
            is_behind_proxy: options.is_behind_proxy,
            evidence: options.evidence,
            queries: Arc::new(Semaphore::new(MAX_QUERIES)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            changes: watch::Sender::new(0),
            shutdown,
        }))
    }

    /// The result of queries that all see the same state, run where that may block.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`] if too many wait, or that of `work`.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut dyn Transaction) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let busy = |_: TryAcquireError| {
            Failure::new(ErrorCode::Busy, "too many requests wait: try again later")
        };
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(busy)?;
        let running = Arc::clone(&self.queries).acquire_owned().await;
        let index = self.index.clone();
        let read = spawn_blocking(move || {
            // A failure of the work ends the transaction, but is none of the database.
            let result = index.read(|transaction| Ok(work(transaction)));
            drop((waiting, running));
            result.map_err(Failure::from).and_then(|result| result)
        });
        read.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a query panicked");
            Err(Failure::new(ErrorCode::Internal, "the index could not answer: try again later"))
        })
    }

    /// How many readers of events are connected.
    pub(crate) fn readers(&self) -> usize {
        MAX_READERS.saturating_sub(self.readers.available_permits())
    }

    /// A place for a reader of events.
    ///
    /// # Errors
    /// [`ErrorCode::Busy`].
    pub(crate) fn reader(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let text = "too many readers of events are connected: ask for pages of /v1/events instead";
        let busy = |_: TryAcquireError| Failure::new(ErrorCode::Busy, text);
        Arc::clone(&self.readers).try_acquire_owned().map_err(busy)
    }
}
