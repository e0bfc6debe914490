//! Several nodes of one chain as one backend: a node that fails, is slow, or lags is skipped.
//!
//! It is a [`Backend`] over others, so it works with every library. A request goes to the first healthy
//! node in the order of the URLs, and to the next one if that node is at fault. A node that says that it was asked
//! too often is asked at the pace that it allows ([`pacer`]); what it refused is asked again. While there are requests,
//! a task beside them compares the heads and chain ids of all nodes every few seconds.

mod endpoint;
mod pacer;
mod repeat;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Bytes, U256};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::{Duration, Instant};

use self::endpoint::{CALL, LOGS, LOOKUP, RankedEndpoint, RequestKind};
use self::repeat::{is_refused, repeat_refused};
use super::connect::ConnectOptions;
use super::origin::origin;
use super::{
    Backend, BackendFuture, CallEnv, Head, Log, LogFilter, Receipt, SignedTx, TxDraft, TxRequest,
};
use crate::error::{BackendError, NodeError};

/// How long requests may take, and how often nodes are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// The timeout of a request to one node.
    pub(crate) request: Duration,
    /// The timeout of a request for the latest block, when nodes are compared.
    pub(crate) head: Duration,
    /// The time between two comparisons of all nodes.
    pub(crate) check_interval: Duration,
    /// How long a request is repeated that nodes refuse because they were asked too often.
    pub(crate) refused: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(15),
            head: Duration::from_secs(3),
            check_interval: Duration::from_secs(3),
            refused: Duration::from_secs(30),
        }
    }
}

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct FallbackBackend {
    /// All nodes, the preferred one first.
    endpoints: Arc<[RankedEndpoint]>,
    /// The backend that signs, which needs no node.
    signer: Arc<dyn Backend>,
    /// The timeouts.
    timeouts: Timeouts,
    /// When the nodes were last compared.
    last_check: Mutex<Instant>,
}

impl FallbackBackend {
    /// Connects to all nodes that answer; the others are tried again later.
    ///
    /// # Errors
    /// As [`FallbackBackend::from_endpoints`].
    pub(crate) async fn connect(options: ConnectOptions) -> Result<Arc<dyn Backend>, NodeError> {
        let options = Arc::new(options);
        let endpoints = options.urls.iter().map(|url| endpoint(&options, url)).collect();
        let fallback = Self::from_endpoints(endpoints, options.chain_id, Timeouts::default());
        Ok(Arc::new(fallback.await?))
    }

    /// Connects to all endpoints that answer.
    ///
    /// # Errors
    /// The first endpoint's error if none answers; [`NodeError::WrongChain`] if any belongs to another chain.
    async fn from_endpoints(
        endpoints: Vec<RankedEndpoint>,
        chain_id: Option<u64>,
        timeouts: Timeouts,
    ) -> Result<Self, NodeError> {
        let connect = |endpoint| {
            let longest = timeouts.refused;
            let attempt = move || {
                RankedEndpoint::request(
                    endpoint,
                    chain_id,
                    timeouts.request,
                    LOOKUP,
                    |backend| async move { Ok(backend) },
                )
            };
            let may_answer = move |answer: &_| {
                is_refused(LOOKUP, answer) && RankedEndpoint::wait(endpoint) < longest
            };
            repeat_refused(attempt, may_answer, longest)
        };
        let answers = join_all(endpoints.iter().map(connect)).await;
        let (mut backends, mut errors) = (Vec::new(), Vec::new());
        for (endpoint, answer) in endpoints.iter().zip(answers) {
            match answer {
                Ok(backend) => backends.push((endpoint, backend)),
                Err(BackendError::Node(wrong @ NodeError::WrongChain { .. })) => return Err(wrong),
                Err(error) => errors.push(error),
            }
        }
        let Some(signer) = backends.first().map(|(_, backend)| backend.clone()) else {
            return Err(match errors.into_iter().next() {
                Some(BackendError::Node(error)) => error,
                _ => NodeError::Unreachable { url: "".into(), source: "no URL".into() },
            });
        };
        let expected = signer.chain_id();
        if let Some((endpoint, other)) =
            backends.iter().find(|(_, backend)| backend.chain_id() != expected)
        {
            let (what, found) = (endpoint.url.clone(), other.chain_id());
            return Err(NodeError::WrongChain { what, expected, found });
        }
        let last_check = Mutex::new(Instant::now());
        Ok(Self { endpoints: endpoints.into(), signer, timeouts, last_check })
    }

    /// Sends a request to the best node, and to the next one as long as the node is at fault or was asked too often.
    /// Returns the answer, and the first fault on the way.
    async fn try_all<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        kind: RequestKind,
        request: impl Fn(Arc<dyn Backend>) -> F,
    ) -> (Result<T, BackendError>, Option<BackendError>) {
        self.check_if_due();
        let mut endpoints: Vec<_> = self.endpoints.iter().collect();
        endpoints.sort_by_cached_key(|endpoint| (endpoint.rank(), endpoint.wait()));
        let (mut first, mut refusal) = (None, None);
        for endpoint in endpoints {
            if endpoint.wait() >= self.timeouts.refused {
                refusal = refusal.or_else(|| Some(endpoint.refusal()));
                continue;
            }
            match endpoint
                .request(Some(self.chain_id()), self.timeouts.request, kind, &request)
                .await
            {
                Err(error) if (kind.is_rate_limit)(&error) => refusal = Some(error),
                Err(error) if (kind.is_node_fault)(&error) => first = first.or(Some(error)),
                answer => return (answer, first),
            }
        }
        // A node that answers later is worth waiting for, whatever the others have.
        if let Some(refusal) = refusal {
            return (Err(refusal), first);
        }
        let no_endpoint = || BackendError::Node(NodeError::Signing("no node".into()));
        (Err(first.unwrap_or_else(no_endpoint)), None)
    }

    /// [`Self::try_all`], again and again while a node that was asked too often may answer soon.
    async fn try_until_admitted<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        kind: RequestKind,
        request: impl Fn(Arc<dyn Backend>) -> F,
    ) -> (Result<T, BackendError>, Option<BackendError>) {
        let longest = self.timeouts.refused;
        let may_answer = || self.endpoints.iter().any(|endpoint| endpoint.wait() < longest);
        let attempt = || self.try_all(kind, &request);
        repeat_refused(attempt, |(answer, _)| is_refused(kind, answer) && may_answer(), longest)
            .await
    }

    /// Sends a request of this kind.
    async fn ask<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        kind: RequestKind,
        request: impl Fn(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        self.try_until_admitted(kind, request).await.0
    }

    /// Compares all nodes in a task of its own, if it is time and there is a choice.
    fn check_if_due(&self) {
        let mut last_check = self.last_check.lock().unwrap_or_else(PoisonError::into_inner);
        if self.endpoints.len() > 1 && last_check.elapsed() > self.timeouts.check_interval {
            *last_check = Instant::now();
            tokio::spawn(check_endpoints(
                self.endpoints.clone(),
                self.chain_id(),
                self.timeouts.head,
            ));
        }
    }
}

/// The endpoint at a URL.
fn endpoint(options: &Arc<ConnectOptions>, url: &str) -> RankedEndpoint {
    let (name, options, url) = (origin(url), options.clone(), Box::<str>::from(url));
    let connector = move || {
        let (options, url) = (options.clone(), url.clone());
        async move { options.connect_one(&url).await }.boxed()
    };
    RankedEndpoint::new(name, Box::new(connector))
}

/// Asks all nodes for their chain ids and latest blocks, and marks those that lag.
async fn check_endpoints(endpoints: Arc<[RankedEndpoint]>, chain_id: u64, timeout: Duration) {
    let heads =
        join_all(endpoints.iter().map(|endpoint| endpoint.latest_block(chain_id, timeout))).await;
    let best = heads.iter().flatten().max().copied().unwrap_or_default();
    for (endpoint, head) in endpoints.iter().zip(heads) {
        let Some(head) = head else { continue };
        endpoint.record_head(head, best);
    }
}

impl Backend for FallbackBackend {
    fn chain_id(&self) -> u64 {
        self.signer.chain_id()
    }

    fn fetch_chain_id(&self) -> BackendFuture<'_, u64> {
        self.ask(LOOKUP, move |backend| async move { backend.fetch_chain_id().await }).boxed()
    }

    fn account(&self) -> Option<Address> {
        self.signer.account()
    }

    fn head(&self) -> BackendFuture<'_, Head> {
        self.ask(LOOKUP, move |backend| async move { backend.head().await }).boxed()
    }

    fn block(&self, number: u64) -> BackendFuture<'_, Option<Head>> {
        self.ask(LOOKUP, move |backend| async move { backend.block(number).await }).boxed()
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        self.ask(CALL, move |backend| async move { backend.call(call, env).await }).boxed()
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        self.ask(CALL, move |backend| async move { backend.estimate_gas(call, env).await }).boxed()
    }

    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64> {
        self.ask(LOOKUP, move |backend| async move { backend.nonce(account, pending).await })
            .boxed()
    }

    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx> {
        self.signer.sign(draft)
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()> {
        async move {
            // A node that did not answer may have the transaction, whatever the next one says.
            match self
                .try_until_admitted(CALL, |backend| async move { backend.broadcast(signed).await })
                .await
            {
                (Err(_), Some(error)) => Err(error),
                (answer, _) => answer,
            }
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>> {
        self.ask(LOOKUP, move |backend| async move { backend.receipt(transaction).await }).boxed()
    }

    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>> {
        self.ask(LOOKUP, move |backend| async move { backend.transaction(hash).await }).boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>> {
        self.ask(LOGS, move |backend| async move { backend.logs(filter).await }).boxed()
    }

    fn code(&self, account: Address) -> BackendFuture<'_, Bytes> {
        self.ask(LOOKUP, move |backend| async move { backend.code(account).await }).boxed()
    }

    fn balance(&self, account: Address) -> BackendFuture<'_, U256> {
        self.ask(LOOKUP, move |backend| async move { backend.balance(account).await }).boxed()
    }
}

#[cfg(test)]
mod tests;
