//! Several nodes of one chain as if they were one: whoever fails, is slow, or is behind is passed over.
//!
//! It is a [`Chain`] over others, so it is the same for every backend. How the nodes are is looked at
//! beside the requests, every few seconds in which there are any.

mod endpoint;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Bytes, U256};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::{Duration, Instant};

use self::endpoint::{IsNodeFault, RankedEndpoint, retry_call, retry_lookup};
use crate::backend::{Backend, BackendFuture, CallEnv, Head, Log, LogFilter, Receipt, TxRequest};
use crate::connect::{NodeBuilder, origin};
use crate::error::{BackendError, NodeError};
use crate::signed_tx::{SignedTx, TxDraft};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// An answer.
    pub(crate) request: Duration,
    /// An answer to the question for the latest block.
    pub(crate) head: Duration,
    /// From one look at all nodes to the next.
    pub(crate) check_interval: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(15),
            head: Duration::from_secs(3),
            check_interval: Duration::from_secs(3),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct FallbackBackend {
    /// All nodes, the preferred one first.
    endpoints: Arc<[RankedEndpoint]>,
    /// Signs, whether its node answers or not.
    signer: Arc<dyn Backend>,
    /// How long things may take.
    timeouts: Timeouts,
    /// When all nodes were looked at.
    last_check: Mutex<Instant>,
}

impl FallbackBackend {
    /// Connects to all nodes that answer.
    pub(crate) async fn connect(how: NodeBuilder) -> Result<Arc<dyn Backend>, NodeError> {
        let how = Arc::new(how);
        let one = |url: Box<str>| {
            let (how, at) = (how.clone(), url.clone());
            RankedEndpoint::new(
                origin(&url),
                Box::new(move || how.clone().connect_one(at.clone()).boxed()),
            )
        };
        let nodes = how.urls().iter().cloned().map(one).collect();
        Ok(Arc::new(Self::from_endpoints(nodes, how.chain_id(), Timeouts::default()).await?))
    }

    /// Connects to all nodes that answer.
    ///
    /// # Errors
    /// The preferred node's if none answers; [`NodeError::WrongChain`] if any is of another chain.
    pub(crate) async fn from_endpoints(
        nodes: Vec<RankedEndpoint>,
        chain_id: Option<u64>,
        timeouts: Timeouts,
    ) -> Result<Self, NodeError> {
        let answers =
            join_all(nodes.iter().map(|endpoint| {
                endpoint.request(chain_id, timeouts.request, retry_lookup, |chain| async move {
                    Ok(chain)
                })
            }))
            .await;
        let (mut chains, mut errors) = (Vec::new(), Vec::new());
        for (endpoint, answer) in nodes.iter().zip(answers) {
            match answer {
                Ok(chain) => chains.push((endpoint, chain)),
                Err(BackendError::Node(wrong @ NodeError::WrongChain { .. })) => return Err(wrong),
                Err(fault) => errors.push(fault),
            }
        }
        let Some(signer) = chains.first().map(|(_, chain)| chain.clone()) else {
            return Err(match errors.into_iter().next() {
                Some(BackendError::Node(error)) => error,
                _ => NodeError::Unreachable { url: "".into(), source: "no URL".into() },
            });
        };
        let expected = signer.chain_id();
        if let Some((endpoint, other)) =
            chains.iter().find(|(_, chain)| chain.chain_id() != expected)
        {
            let (what, found) = (endpoint.url.clone(), other.chain_id());
            return Err(NodeError::WrongChain { what, expected, found });
        }
        Ok(Self {
            endpoints: nodes.into(),
            signer,
            timeouts,
            last_check: Mutex::new(Instant::now()),
        })
    }

    /// Asks the best node, or the next if it cannot answer. Beside the answer: the first fault on the way.
    async fn try_all<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        is_node_fault: IsNodeFault,
        question: impl Fn(Arc<dyn Backend>) -> F,
    ) -> (Result<T, BackendError>, Option<BackendError>) {
        self.check_if_due();
        let mut nodes: Vec<_> = self.endpoints.iter().collect();
        nodes.sort_by_key(|endpoint| endpoint.rank());
        let mut first = None;
        for endpoint in nodes {
            match endpoint
                .request(Some(self.chain_id()), self.timeouts.request, is_node_fault, &question)
                .await
            {
                Err(error) if is_node_fault(&error) => first = first.or(Some(error)),
                answer => return (answer, first),
            }
        }
        let nobody = || BackendError::Node(NodeError::Signing("no node".into()));
        (Err(first.unwrap_or_else(nobody)), None)
    }

    /// Asks the best node, or the next if it cannot answer, for what it may refuse.
    async fn call_any<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        question: impl Fn(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        self.try_all(retry_call, question).await.0
    }

    /// Asks the best node, or the next if it cannot answer, for what every node knows.
    async fn lookup_any<T, F: Future<Output = Result<T, BackendError>>>(
        &self,
        question: impl Fn(Arc<dyn Backend>) -> F,
    ) -> Result<T, BackendError> {
        self.try_all(retry_lookup, question).await.0
    }

    /// Looks at all nodes, beside the requests, if it is time and there is a choice.
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

/// Asks all nodes which chain they are of and for their latest blocks, and finds out who is behind.
async fn check_endpoints(nodes: Arc<[RankedEndpoint]>, chain_id: u64, request_timeout: Duration) {
    let heads =
        join_all(nodes.iter().map(|endpoint| endpoint.latest_block(chain_id, request_timeout)))
            .await;
    let best = heads.iter().flatten().max().copied().unwrap_or_default();
    for (endpoint, head) in nodes.iter().zip(heads) {
        let Some(head) = head else { continue };
        endpoint.record_head(head, best);
    }
}

impl Backend for FallbackBackend {
    fn chain_id(&self) -> u64 {
        self.signer.chain_id()
    }

    fn fetch_chain_id(&self) -> BackendFuture<'_, u64> {
        self.lookup_any(move |chain| async move { chain.fetch_chain_id().await }).boxed()
    }

    fn account(&self) -> Option<Address> {
        self.signer.account()
    }

    fn head(&self) -> BackendFuture<'_, Head> {
        self.lookup_any(move |chain| async move { chain.head().await }).boxed()
    }

    fn block_hash(&self, number: u64) -> BackendFuture<'_, Option<B256>> {
        self.lookup_any(move |chain| async move { chain.block_hash(number).await }).boxed()
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        self.call_any(move |chain| async move { chain.call(call, env).await }).boxed()
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        self.call_any(move |chain| async move { chain.estimate_gas(call, env).await }).boxed()
    }

    fn nonce(&self, account: Address, pending: bool) -> BackendFuture<'_, u64> {
        self.lookup_any(move |chain| async move { chain.nonce(account, pending).await }).boxed()
    }

    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx> {
        self.signer.sign(draft)
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()> {
        async move {
            // A node that did not answer may have it, whatever the next one says.
            match self
                .try_all(retry_call, |chain| async move { chain.broadcast(signed).await })
                .await
            {
                (Err(_), Some(error)) => Err(error),
                (answer, _) => answer,
            }
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>> {
        self.lookup_any(move |chain| async move { chain.receipt(transaction).await }).boxed()
    }

    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>> {
        self.lookup_any(move |chain| async move { chain.transaction(hash).await }).boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> BackendFuture<'a, Vec<Log>> {
        self.lookup_any(move |chain| async move { chain.logs(filter).await }).boxed()
    }

    fn code(&self, account: Address) -> BackendFuture<'_, Bytes> {
        self.lookup_any(move |chain| async move { chain.code(account).await }).boxed()
    }

    fn balance(&self, account: Address) -> BackendFuture<'_, U256> {
        self.lookup_any(move |chain| async move { chain.balance(account).await }).boxed()
    }
}

#[cfg(test)]
mod tests;
