//! A transport that fails when a test says so.

use std::sync::{Arc, Mutex};

use alloy::primitives::B256;
use futures::FutureExt;
use futures::future::{BoxFuture, pending, ready};
use muster_messaging::{Event, InMemoryTransport, Inbox, MessageError, MessageKey, Transport};

/// How a transport behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TransportState {
    /// It works.
    #[default]
    Up,
    /// It accepts no message.
    Down,
    /// It accepts every message and delivers none.
    Lossy,
    /// It neither accepts nor refuses a message.
    Silent,
}

/// A transport that can fail.
#[derive(Debug)]
pub(crate) struct FaultyTransport {
    /// The transport that it passes messages on to.
    pub(crate) inner: Arc<InMemoryTransport>,
    /// How it behaves.
    state: Mutex<TransportState>,
    /// The receivers of the messages that it has lost.
    lost: Mutex<Vec<B256>>,
}

impl FaultyTransport {
    /// A transport that works.
    pub(crate) fn new(inner: &Arc<InMemoryTransport>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), state: Mutex::default(), lost: Mutex::default() })
    }

    /// From now on it behaves like this, and nothing is lost yet.
    pub(crate) fn set(&self, state: TransportState) {
        *self.state.lock().unwrap() = state;
        self.lost.lock().unwrap().clear();
    }

    /// The receivers of the messages that it has lost.
    pub(crate) fn lost(&self) -> Vec<B256> {
        self.lost.lock().unwrap().clone()
    }
}

/// How many stored messages have this receiver.
pub(crate) fn messages_to(transport: &InMemoryTransport, receiver: B256) -> usize {
    let wraps = transport.wraps();
    let is_to = |wrap: &&Event| wrap.tags.public_keys().any(|key| key.to_bytes() == receiver.0);
    wraps.iter().filter(is_to).count()
}

impl Transport for FaultyTransport {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        let state = *self.state.lock().unwrap();
        if state == TransportState::Up {
            return self.inner.publish(wrap);
        }
        let receivers = wrap.tags.public_keys().map(|key| B256::new(key.to_bytes()));
        self.lost.lock().unwrap().extend(receivers);
        match state {
            TransportState::Down => ready(Err(MessageError::Unacknowledged)).boxed(),
            TransportState::Silent => pending().boxed(),
            _ => ready(Ok(())).boxed(),
        }
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        self.inner.subscribe(key)
    }

    fn is_connected(&self) -> bool {
        *self.state.lock().unwrap() != TransportState::Down
    }
}
