//! A chain for unit tests: answers what it is told to, and remembers what was sent.

use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use futures::FutureExt;
use futures::future::ready;

use crate::error::{Fault, NodeError};
use crate::node::Node;
use crate::signed::{Draft, Signed};
use crate::transport::{Answer, Call, Chain, Head, Log, LogFilter, Receipt, World};

/// The account of every fake chain.
pub(crate) const ME: Address = Address::repeat_byte(0x11);

/// Says what a call returns.
type Answers = Box<dyn Fn(&Call, &World) -> Result<Bytes, Fault> + Send + Sync>;

/// What becomes of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It gets into a block.
    InBlock,
    /// It gets into none.
    Stuck,
    /// Another one takes its nonce.
    Robbed,
    /// The node does not want it.
    Unwanted,
}

/// See the module.
pub(crate) struct Fake {
    /// What calls return.
    pub(crate) answers: Answers,
    /// What estimates return.
    pub(crate) gas: u64,
    /// The latest block.
    pub(crate) head: Head,
    /// What everybody has, in wei.
    pub(crate) balance: U256,
    /// The code of every account.
    pub(crate) code: Bytes,
    /// The receipt of every transaction in a block.
    pub(crate) receipt: Option<Receipt>,
    /// What becomes of each transaction that is sent, in order; the rest gets into blocks.
    pub(crate) fates: Vec<Fate>,
    /// The base fee once something was sent.
    pub(crate) surge: Option<u128>,
    /// What was sent.
    pub(crate) sent: Mutex<Vec<Signed>>,
}

impl Fake {
    /// A chain on which all calls answer like this, everybody is rich, and transactions succeed.
    pub(crate) fn new(
        answers: impl Fn(&Call, &World) -> Result<Bytes, Fault> + Send + Sync + 'static,
    ) -> Self {
        Self {
            answers: Box::new(answers),
            gas: 100_000,
            head: Head { number: 7, hash: B256::repeat_byte(7), timestamp: 1, gas_price: 1 },
            balance: U256::MAX,
            code: Bytes::from_static(&[0xfe]),
            receipt: Some(Receipt { success: true, ..Receipt::default() }),
            fates: Vec::new(),
            surge: None,
            sent: Mutex::default(),
        }
    }

    /// What became of what was sent, in order.
    fn fate(&self, number: usize) -> Fate {
        self.fates.get(number).copied().unwrap_or(Fate::InBlock)
    }

    /// The node in front of this chain, and the chain.
    pub(crate) fn node(self) -> (Node, Arc<Self>) {
        let chain = Arc::new(self);
        (Node::on(chain.clone()), chain)
    }
}

impl Debug for Fake {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Chain for Fake {
    fn chain_id(&self) -> u64 {
        1
    }

    fn account(&self) -> Option<Address> {
        Some(ME)
    }

    fn head(&self) -> Answer<'_, Head> {
        let surge = self.surge.filter(|_| !self.sent.lock().unwrap().is_empty());
        ready(Ok(Head { gas_price: surge.unwrap_or(self.head.gas_price), ..self.head })).boxed()
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<B256>> {
        ready(Ok((number <= self.head.number).then_some(self.head.hash))).boxed()
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        ready((self.answers)(call, world)).boxed()
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        ready((self.answers)(call, world).map(|_| self.gas)).boxed()
    }

    fn nonce(&self, _: Address, _: bool) -> Answer<'_, u64> {
        let sent = self.sent.lock().unwrap().len();
        let done = (0..sent).filter(|n| matches!(self.fate(*n), Fate::InBlock | Fate::Robbed));
        ready(Ok(done.count().try_into().unwrap())).boxed()
    }

    fn sign<'a>(&'a self, draft: &'a Draft) -> Answer<'a, Signed> {
        let raw = Bytes::from(format!("{draft:?}").into_bytes());
        let hash = keccak256(&raw);
        ready(Ok(Signed { draft: draft.clone(), from: ME, chain_id: 1, hash, raw })).boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a Signed) -> Answer<'a, ()> {
        let mut sent = self.sent.lock().unwrap();
        if !sent.contains(signed) {
            sent.push(signed.clone());
        }
        let unwanted = self.fate(sent.len().saturating_sub(1)) == Fate::Unwanted;
        let answer = NodeError::Answered { code: -32_000, message: "no".into() };
        ready(if unwanted { Err(Fault::Node(answer)) } else { Ok(()) }).boxed()
    }

    fn receipt(&self, transaction: B256) -> Answer<'_, Option<Receipt>> {
        let sent = self.sent.lock().unwrap();
        let number = sent.iter().position(|signed| signed.hash == transaction);
        let found = number.is_some_and(|number| self.fate(number) == Fate::InBlock);
        ready(Ok(self.receipt.clone().filter(|_| found))).boxed()
    }

    fn logs<'a>(&'a self, _: &'a LogFilter) -> Answer<'a, Vec<Log>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn code(&self, _: Address) -> Answer<'_, Bytes> {
        ready(Ok(self.code.clone())).boxed()
    }

    fn balance(&self, _: Address) -> Answer<'_, U256> {
        ready(Ok(self.balance)).boxed()
    }
}
