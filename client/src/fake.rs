//! A chain for unit tests: answers what it is told to, and remembers what was sent.

use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use futures::FutureExt;
use futures::future::{pending, ready};

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

/// How the node is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers.
    #[default]
    Well,
    /// Nobody is there.
    Away,
    /// It takes requests and does not answer.
    Silent,
    /// It has too much to do.
    Busy,
    /// It refuses whatever it is asked.
    Unable,
    /// It has become one of another chain.
    Elsewhere,
}

/// See the module.
pub(crate) struct Fake {
    /// How it is.
    pub(crate) mood: Mutex<Mood>,
    /// How often it was asked for anything.
    pub(crate) asked: AtomicUsize,
    /// The chain's id.
    pub(crate) chain_id: u64,
    /// Blocks that came after the head below.
    pub(crate) more: AtomicU64,
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
            mood: Mutex::default(),
            asked: AtomicUsize::new(0),
            chain_id: 1,
            more: AtomicU64::new(0),
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

    /// Changes how it is.
    pub(crate) fn becomes(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Answers, if it is well.
    fn answer<T: Send + 'static>(&self, value: Result<T, Fault>) -> Answer<'_, T> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let (url, source) = ("fake".into(), "away".into());
        match *self.mood.lock().unwrap() {
            Mood::Well | Mood::Elsewhere => ready(value).boxed(),
            Mood::Away => ready(Err(Fault::Node(NodeError::Unreachable { url, source }))).boxed(),
            Mood::Silent => pending().boxed(),
            Mood::Busy => ready(Err(answered(-32_005))).boxed(),
            Mood::Unable => ready(Err(answered(-32_000))).boxed(),
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

/// What a node that refuses a request says.
pub(crate) fn answered(code: i64) -> Fault {
    Fault::Node(NodeError::Answered { code, message: "no".into() })
}

impl Debug for Fake {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

impl Chain for Fake {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn identify(&self) -> Answer<'_, u64> {
        let moved = *self.mood.lock().unwrap() == Mood::Elsewhere;
        self.answer(Ok(if moved { self.chain_id.wrapping_add(1) } else { self.chain_id }))
    }

    fn account(&self) -> Option<Address> {
        Some(ME)
    }

    fn head(&self) -> Answer<'_, Head> {
        let surge = self.surge.filter(|_| !self.sent.lock().unwrap().is_empty());
        let gas_price = surge.unwrap_or(self.head.gas_price);
        let number = self.head.number.saturating_add(self.more.load(Ordering::Relaxed));
        self.answer(Ok(Head { number, gas_price, ..self.head }))
    }

    fn block_hash(&self, number: u64) -> Answer<'_, Option<B256>> {
        self.answer(Ok((number <= self.head.number).then_some(self.head.hash)))
    }

    fn call<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, Bytes> {
        self.answer((self.answers)(call, world))
    }

    fn estimate<'a>(&'a self, call: &'a Call, world: &'a World) -> Answer<'a, u64> {
        self.answer((self.answers)(call, world).map(|_| self.gas))
    }

    fn nonce(&self, _: Address, _: bool) -> Answer<'_, u64> {
        let sent = self.sent.lock().unwrap().len();
        let done = (0..sent).filter(|n| matches!(self.fate(*n), Fate::InBlock | Fate::Robbed));
        self.answer(Ok(done.count().try_into().unwrap()))
    }

    fn sign<'a>(&'a self, draft: &'a Draft) -> Answer<'a, Signed> {
        let raw = Bytes::from(format!("{draft:?}").into_bytes());
        let hash = keccak256(&raw);
        ready(Ok(Signed { draft: draft.clone(), from: ME, chain_id: self.chain_id, hash, raw }))
            .boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a Signed) -> Answer<'a, ()> {
        let mut sent = self.sent.lock().unwrap();
        if !sent.contains(signed) {
            sent.push(signed.clone());
        }
        let unwanted = self.fate(sent.len().saturating_sub(1)) == Fate::Unwanted;
        drop(sent);
        self.answer(if unwanted { Err(answered(-32_000)) } else { Ok(()) })
    }

    fn receipt(&self, transaction: B256) -> Answer<'_, Option<Receipt>> {
        let sent = self.sent.lock().unwrap();
        let number = sent.iter().position(|signed| signed.hash == transaction);
        let found = number.is_some_and(|number| self.fate(number) == Fate::InBlock);
        self.answer(Ok(self.receipt.clone().filter(|_| found)))
    }

    fn transaction(&self, hash: B256) -> Answer<'_, Option<Signed>> {
        let sent = self.sent.lock().unwrap();
        let found = sent.iter().find(|signed| signed.hash == hash).cloned();
        self.answer(Ok(found))
    }

    fn logs<'a>(&'a self, _: &'a LogFilter) -> Answer<'a, Vec<Log>> {
        self.answer(Ok(Vec::new()))
    }

    fn code(&self, _: Address) -> Answer<'_, Bytes> {
        self.answer(Ok(self.code.clone()))
    }

    fn balance(&self, _: Address) -> Answer<'_, U256> {
        self.answer(Ok(self.balance))
    }
}
