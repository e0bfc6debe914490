//! Several nodes of one chain as if they were one: whoever fails, is slow, or is behind is passed over.
//!
//! It is a [`Chain`] over others, so it is the same for every backend. How the nodes are is looked at
//! beside the requests, every few seconds in which there are any.

mod one;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256, Bytes, U256};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::{Duration, Instant};

use self::one::{One, Unwell, cannot_say, cannot_tell};
use crate::connect::{Connect, origin};
use crate::error::{Fault, NodeError};
use crate::signed::{Draft, Signed};
use crate::transport::{Answer, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// An answer.
    pub(crate) answer: Duration,
    /// An answer to the question for the latest block.
    pub(crate) head: Duration,
    /// From one look at all nodes to the next.
    pub(crate) look: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(15),
            head: Duration::from_secs(3),
            look: Duration::from_secs(3),
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Several {
    /// All nodes, the preferred one first.
    nodes: Arc<[One]>,
    /// Signs, whether its node answers or not.
    signer: Arc<dyn Chain>,
    /// How long things may take.
    pace: Pace,
    /// When all nodes were looked at.
    looked: Mutex<Instant>,
}

impl Several {
    /// Connects to all nodes that answer.
    pub(crate) async fn connect(how: Connect) -> Result<Arc<dyn Chain>, NodeError> {
        let how = Arc::new(how);
        let one = |url: Box<str>| {
            let (how, at) = (how.clone(), url.clone());
            One::new(origin(&url), Box::new(move || how.clone().one(at.clone()).boxed()))
        };
        let nodes = how.urls().iter().cloned().map(one).collect();
        Ok(Arc::new(Self::over(nodes, how.chain_id(), Pace::default()).await?))
    }

    /// Connects to all nodes that answer.
    ///
    /// # Errors
    /// The preferred node's if none answers; [`NodeError::WrongChain`] if any is of another chain.
    pub(crate) async fn over(
        nodes: Vec<One>,
        chain_id: Option<u64>,
        pace: Pace,
    ) -> Result<Self, NodeError> {
        let answers = join_all(nodes.iter().map(|one| {
            one.ask(chain_id, pace.answer, cannot_tell, |chain| async move { Ok(chain) })
        }))
        .await;
        let (mut chains, mut faults) = (Vec::new(), Vec::new());
        for (one, answer) in nodes.iter().zip(answers) {
            match answer {
                Ok(chain) => chains.push((one, chain)),
                Err(Fault::Node(wrong @ NodeError::WrongChain { .. })) => return Err(wrong),
                Err(fault) => faults.push(fault),
            }
        }
        let Some(signer) = chains.first().map(|(_, chain)| chain.clone()) else {
            return Err(match faults.into_iter().next() {
                Some(Fault::Node(error)) => error,
                _ => NodeError::Unreachable { url: "".into(), source: "no URL".into() },
            });
        };
        let expected = signer.chain_id();
        if let Some((one, other)) = chains.iter().find(|(_, chain)| chain.chain_id() != expected) {
            let (what, found) = (one.url.clone(), other.chain_id());
            return Err(NodeError::WrongChain { what, expected, found });
        }
        Ok(Self { nodes: nodes.into(), signer, pace, looked: Mutex::new(Instant::now()) })
    }

    /// Asks the best node, or the next if it cannot answer. Beside the answer: the first fault on the way.
    async fn try_all<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        unwell: Unwell,
        question: impl Fn(Arc<dyn Chain>) -> F,
    ) -> (Result<T, Fault>, Option<Fault>) {
        self.look_after();
        let mut nodes: Vec<_> = self.nodes.iter().collect();
        nodes.sort_by_key(|one| one.rank());
        let mut first = None;
        for one in nodes {
            match one.ask(Some(self.chain_id()), self.pace.answer, unwell, &question).await {
                Err(fault) if unwell(&fault) => first = first.or(Some(fault)),
                answer => return (answer, first),
            }
        }
        let nobody = || Fault::Node(NodeError::Signing("no node".into()));
        (Err(first.unwrap_or_else(nobody)), None)
    }

    /// Asks the best node, or the next if it cannot answer, for what it may refuse.
    async fn ask<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        question: impl Fn(Arc<dyn Chain>) -> F,
    ) -> Result<T, Fault> {
        self.try_all(cannot_say, question).await.0
    }

    /// Asks the best node, or the next if it cannot answer, for what every node knows.
    async fn look_up<T, F: Future<Output = Result<T, Fault>>>(
        &self,
        question: impl Fn(Arc<dyn Chain>) -> F,
    ) -> Result<T, Fault> {
        self.try_all(cannot_tell, question).await.0
    }

    /// Looks at all nodes, beside the requests, if it is time and there is a choice.
    fn look_after(&self) {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if self.nodes.len() > 1 && looked.elapsed() > self.pace.look {
            *looked = Instant::now();
            tokio::spawn(look(self.nodes.clone(), self.chain_id(), self.pace.head));
        }
    }
}

/// Asks all nodes which chain they are of and for their latest blocks, and finds out who is behind.
async fn look(nodes: Arc<[One]>, chain_id: u64, patience: Duration) {
    let heads = join_all(nodes.iter().map(|one| one.latest(chain_id, patience))).await;
    let best = heads.iter().flatten().max().copied().unwrap_or_default();
    for (one, head) in nodes.iter().zip(heads) {
        let Some(head) = head else { continue };
        one.compare(head, best);
    }
}

impl Chain for Several {
    fn chain_id(&self) -> u64 {
        self.signer.chain_id()
    }

    fn identify(&self) -> Answer<'_, u64> {
        self.look_up(move |chain| async move { chain.identify().await }).boxed()
    }

    fn account(&self) -> Option<Address> {
        self.signer.account()
    }

    fn head(&self) -> Answer<'_, Head> {
        self.look_up(move |chain| async move { chain.head().await }).boxed()
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<B256>> {
        self.look_up(move |chain| async move { chain.block_hash(number).await }).boxed()
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        self.ask(move |chain| async move { chain.call(call, world).await }).boxed()
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        self.ask(move |chain| async move { chain.estimate(call, world).await }).boxed()
    }

    fn nonce(&self, account: Address, waiting: bool) -> Answer<'_, u64> {
        self.look_up(move |chain| async move { chain.nonce(account, waiting).await }).boxed()
    }

    fn sign<'a>(&'a self, draft: &'a Draft) -> Answer<'a, Signed> {
        self.signer.sign(draft)
    }

    fn broadcast<'a>(&'a self, signed: &'a Signed) -> Answer<'a, ()> {
        async move {
            // A node that did not answer may have it, whatever the next one says.
            match self
                .try_all(cannot_say, |chain| async move { chain.broadcast(signed).await })
                .await
            {
                (Err(_), Some(fault)) => Err(fault),
                (answer, _) => answer,
            }
        }
        .boxed()
    }

    fn receipt(&self, transaction: B256) -> Answer<'_, Option<Receipt>> {
        self.look_up(move |chain| async move { chain.receipt(transaction).await }).boxed()
    }

    fn transaction(&self, hash: B256) -> Answer<'_, Option<Signed>> {
        self.look_up(move |chain| async move { chain.transaction(hash).await }).boxed()
    }

    fn logs<'a>(&'a self, filter: &'a LogFilter) -> Answer<'a, Vec<Log>> {
        self.look_up(move |chain| async move { chain.logs(filter).await }).boxed()
    }

    fn code(&self, account: Address) -> Answer<'_, Bytes> {
        self.look_up(move |chain| async move { chain.code(account).await }).boxed()
    }

    fn balance(&self, account: Address) -> Answer<'_, U256> {
        self.look_up(move |chain| async move { chain.balance(account).await }).boxed()
    }
}

#[cfg(test)]
mod tests;
