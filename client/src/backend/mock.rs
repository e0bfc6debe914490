//! A backend for unit tests: it answers as configured, and records what was sent.

use std::fmt::{self, Debug, Formatter};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use futures::FutureExt;
use futures::future::{pending, ready};

use super::{
    Backend, BackendFuture, CallEnv, Head, Log, LogFilter, Receipt, SignedTx, TxDraft, TxRequest,
};
use crate::error::{BackendError, NodeError};

/// The account of every mock.
pub(crate) const MOCK_ACCOUNT: Address = Address::repeat_byte(0x11);

/// Computes what a call returns.
type CallHandler = Box<dyn Fn(&TxRequest, &CallEnv) -> Result<Bytes, BackendError> + Send + Sync>;

/// The fate of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TxFate {
    /// It is mined.
    Mined,
    /// It is never mined.
    Stuck,
    /// Another transaction takes its nonce.
    NonceTaken,
    /// The node rejects it.
    Rejected,
    /// The node accepts it, forgets it, and rejects it from then on.
    Dropped,
}

/// The state of the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum MockStatus {
    /// It answers.
    #[default]
    Healthy,
    /// It refuses connections.
    Unreachable,
    /// It accepts requests and never answers.
    Hanging,
    /// It refuses requests for its rate limit.
    RateLimited,
    /// It refuses requests for a day.
    Exhausted,
    /// It answers every request with an error.
    Failing,
    /// It has moved to another chain.
    WrongChain,
}

/// See the module's documentation.
pub(crate) struct MockBackend {
    /// The state of the node.
    pub(crate) status: Mutex<MockStatus>,
    /// The number of requests.
    pub(crate) request_count: AtomicUsize,
    /// The chain id.
    pub(crate) chain_id: u64,
    /// Blocks after the head below.
    pub(crate) extra_blocks: AtomicU64,
    /// Computes what calls return.
    pub(crate) call_handler: CallHandler,
    /// What estimates return.
    pub(crate) gas: u64,
    /// What estimates return after the first transaction.
    pub(crate) gas_after_send: Option<u64>,
    /// The latest block.
    pub(crate) head: Head,
    /// The balance of every account in wei.
    pub(crate) balance: U256,
    /// The code of every account.
    pub(crate) code: Bytes,
    /// The receipt of every mined transaction.
    pub(crate) receipt: Option<Receipt>,
    /// The fates of the transactions that are sent, in order; any further ones are mined.
    pub(crate) tx_fates: Vec<TxFate>,
    /// The base fee after the first transaction.
    pub(crate) base_fee_after_send: Option<u128>,
    /// The transactions that were sent.
    pub(crate) sent: Mutex<Vec<SignedTx>>,
}

impl MockBackend {
    /// A mock on which all calls return this, every account is rich, and transactions succeed.
    pub(crate) fn new(
        call_handler: impl Fn(&TxRequest, &CallEnv) -> Result<Bytes, BackendError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            status: Mutex::default(),
            request_count: AtomicUsize::new(0),
            chain_id: 1,
            extra_blocks: AtomicU64::new(0),
            call_handler: Box::new(call_handler),
            gas: 100_000,
            gas_after_send: None,
            head: Head { number: 7, hash: B256::repeat_byte(7), timestamp: 1, gas_price: 1 },
            balance: U256::MAX,
            code: Bytes::from_static(&[0xfe]),
            receipt: Some(Receipt { success: true, ..Receipt::default() }),
            tx_fates: Vec::new(),
            base_fee_after_send: None,
            sent: Mutex::default(),
        }
    }

    /// Changes the state of the node.
    pub(crate) fn set_status(&self, status: MockStatus) {
        *self.status.lock().unwrap() = status;
    }

    /// Answers as the node's state has it.
    fn respond<T: Send + 'static>(&self, value: Result<T, BackendError>) -> BackendFuture<'_, T> {
        self.request_count.fetch_add(1, Ordering::Relaxed);
        let (url, source) = ("mock".into(), "away".into());
        match *self.status.lock().unwrap() {
            MockStatus::Healthy | MockStatus::WrongChain => ready(value).boxed(),
            MockStatus::Unreachable => {
                ready(Err(BackendError::Node(NodeError::Unreachable { url, source }))).boxed()
            }
            MockStatus::Hanging => pending().boxed(),
            MockStatus::RateLimited => ready(Err(rpc_error(-32_005))).boxed(),
            MockStatus::Exhausted => {
                let retry_after = Some(Duration::from_hours(24));
                let refusal = NodeError::RateLimited { message: "no".into(), retry_after };
                ready(Err(BackendError::Node(refusal))).boxed()
            }
            MockStatus::Failing => ready(Err(rpc_error(-32_000))).boxed(),
        }
    }

    /// The fate of the transaction at this index.
    fn tx_fate(&self, number: usize) -> TxFate {
        self.tx_fates.get(number).copied().unwrap_or(TxFate::Mined)
    }
}

/// The error of a node that refuses a request.
pub(crate) fn rpc_error(code: i64) -> BackendError {
    BackendError::Node(NodeError::Rpc { code, message: "no".into() })
}

impl Debug for MockBackend {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("MockBackend")
    }
}

impl Backend for MockBackend {
    fn chain_id(&self) -> u64 {
        self.chain_id
    }

    fn fetch_chain_id(&self) -> BackendFuture<'_, u64> {
        let moved = *self.status.lock().unwrap() == MockStatus::WrongChain;
        self.respond(Ok(if moved { self.chain_id.wrapping_add(1) } else { self.chain_id }))
    }

    fn account(&self) -> Option<Address> {
        Some(MOCK_ACCOUNT)
    }

    fn head(&self) -> BackendFuture<'_, Head> {
        let base_fee = self.base_fee_after_send.filter(|_| !self.sent.lock().unwrap().is_empty());
        let gas_price = base_fee.unwrap_or(self.head.gas_price);
        let number = self.head.number.saturating_add(self.extra_blocks.load(Ordering::Relaxed));
        self.respond(Ok(Head { number, gas_price, ..self.head }))
    }

    fn block(&self, number: u64) -> BackendFuture<'_, Option<Head>> {
        let block = Head { number, ..self.head };
        self.respond(Ok((number <= self.head.number).then_some(block)))
    }

    fn call<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, Bytes> {
        self.respond((self.call_handler)(call, env))
    }

    fn estimate_gas<'a>(&'a self, call: &'a TxRequest, env: &'a CallEnv) -> BackendFuture<'a, u64> {
        let more = self.gas_after_send.filter(|_| !self.sent.lock().unwrap().is_empty());
        self.respond((self.call_handler)(call, env).map(|_| more.unwrap_or(self.gas)))
    }

    fn nonce(&self, _: Address, _: bool) -> BackendFuture<'_, u64> {
        let sent = self.sent.lock().unwrap().len();
        let done =
            (0..sent).filter(|n| matches!(self.tx_fate(*n), TxFate::Mined | TxFate::NonceTaken));
        self.respond(Ok(done.count().try_into().unwrap()))
    }

    fn sign<'a>(&'a self, draft: &'a TxDraft) -> BackendFuture<'a, SignedTx> {
        let raw = Bytes::from(format!("{draft:?}").into_bytes());
        let hash = keccak256(&raw);
        ready(Ok(SignedTx {
            draft: draft.clone(),
            from: MOCK_ACCOUNT,
            chain_id: self.chain_id,
            hash,
            raw,
        }))
        .boxed()
    }

    fn broadcast<'a>(&'a self, signed: &'a SignedTx) -> BackendFuture<'a, ()> {
        let mut sent = self.sent.lock().unwrap();
        let is_new = !sent.contains(signed);
        if is_new {
            sent.push(signed.clone());
        }
        let fate = self.tx_fate(sent.len().saturating_sub(1));
        let unwanted = fate == TxFate::Rejected || fate == TxFate::Dropped && !is_new;
        drop(sent);
        self.respond(if unwanted { Err(rpc_error(-32_000)) } else { Ok(()) })
    }

    fn receipt(&self, transaction: B256) -> BackendFuture<'_, Option<Receipt>> {
        let sent = self.sent.lock().unwrap();
        let number = sent.iter().position(|signed| signed.hash == transaction);
        let found = number.is_some_and(|number| self.tx_fate(number) == TxFate::Mined);
        self.respond(Ok(self.receipt.clone().filter(|_| found)))
    }

    fn transaction(&self, hash: B256) -> BackendFuture<'_, Option<SignedTx>> {
        let sent = self.sent.lock().unwrap();
        let position = sent.iter().position(|signed| signed.hash == hash);
        let kept = position.filter(|&number| self.tx_fate(number) != TxFate::Dropped);
        let found = kept.and_then(|number| sent.get(number)).cloned();
        self.respond(Ok(found))
    }

    fn logs<'a>(&'a self, _: &'a LogFilter) -> BackendFuture<'a, Vec<Log>> {
        self.respond(Ok(Vec::new()))
    }

    fn code(&self, _: Address) -> BackendFuture<'_, Bytes> {
        self.respond(Ok(self.code.clone()))
    }

    fn balance(&self, _: Address) -> BackendFuture<'_, U256> {
        self.respond(Ok(self.balance))
    }
}
