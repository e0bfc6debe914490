//! A market without a chain, and relays.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use futures::FutureExt;
use futures::future::ready;
use muster_messaging::{
    AccessGrant, AgreementInfo, BoxError, ChainFuture, ChainView, Delivery, Endpoint,
    EndpointIssuer, EndpointResponder, InMemoryReplayGuard, Mailbox, Message, MessageKey,
    PassResponder, Transport,
};
use muster_relay::{Relay, RelayConfig};
use tokio::time::sleep;

/// The chain of every market.
pub(crate) const CHAIN: u64 = 412_346;

/// The Unix second in which the agreement was planned to end.
pub(crate) const PLANNED_END: u64 = 1_800_000_000;

/// The URL of the worker's service.
pub(crate) const URL: &str = "https://203.0.113.77:8443/service";

/// The token of the worker's service.
pub(crate) const TOKEN: &str = "token-that-nobody-else-may-see";

/// A market: one agreement, with a client, a worker and a tester whose place 5 has seats in windows 2 and 3.
#[derive(Debug)]
pub(crate) struct Market {
    /// The client.
    pub(crate) client: PrivateKeySigner,
    /// The worker.
    pub(crate) worker: PrivateKeySigner,
    /// The tester.
    pub(crate) tester: PrivateKeySigner,
    /// The agreement.
    pub(crate) agreement: Address,
    /// The chain.
    pub(crate) chain: Arc<MockChain>,
    /// The worker's issuer, which records every grant.
    pub(crate) issuer: Arc<RecordingIssuer>,
}

/// A chain in memory.
#[derive(Debug)]
pub(crate) struct MockChain {
    /// The agreements.
    pub(crate) agreements: Mutex<HashMap<Address, AgreementInfo>>,
    /// The registered keys.
    pub(crate) keys: Mutex<HashMap<Address, B256>>,
    /// The holders of seats, by agreement, window and place.
    pub(crate) seats: HashMap<(Address, u8, u32), Address>,
    /// Whether every read fails.
    pub(crate) is_down: AtomicBool,
}

impl MockChain {
    /// The result of a read.
    fn reply<T: Send + 'static>(&self, value: T) -> ChainFuture<'_, T> {
        let is_down = self.is_down.load(Ordering::Relaxed);
        ready(if is_down { Err(BoxError::from("the node is down")) } else { Ok(value) }).boxed()
    }
}

impl ChainView for MockChain {
    fn chain_id(&self) -> u64 {
        CHAIN
    }

    fn agreement(&self, agreement: Address) -> ChainFuture<'_, Option<AgreementInfo>> {
        self.reply(self.agreements.lock().unwrap().get(&agreement).cloned())
    }

    fn message_key(&self, account: Address) -> ChainFuture<'_, Option<B256>> {
        self.reply(self.keys.lock().unwrap().get(&account).copied())
    }

    fn seat_holder(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> ChainFuture<'_, Option<Address>> {
        self.reply(self.seats.get(&(agreement, window, place)).copied())
    }
}

/// Issues the same endpoint for every grant, and records the grants.
#[derive(Debug, Default)]
pub(crate) struct RecordingIssuer(pub(crate) Mutex<Vec<AccessGrant>>);

impl EndpointIssuer for RecordingIssuer {
    fn issue(&self, grant: &AccessGrant) -> Result<Endpoint, BoxError> {
        self.0.lock().unwrap().push(*grant);
        Ok(Endpoint { url: URL.into(), token: TOKEN.into(), application: None })
    }
}

impl Market {
    /// A market in which window 2 is the current one.
    pub(crate) fn new() -> Self {
        let [client, worker, tester] = [(); 3].map(|()| PrivateKeySigner::random());
        let agreement = Address::repeat_byte(0xa9);
        let info = AgreementInfo {
            client: client.address(),
            workers: vec![worker.address()],
            window: Some(2),
            planned_end: PLANNED_END,
        };
        let keys = [&worker, &tester].map(|signer| (signer.address(), key(signer).public()));
        let chain = MockChain {
            agreements: Mutex::new([(agreement, info)].into()),
            keys: Mutex::new(keys.into()),
            seats: [2, 3].map(|window| ((agreement, window, 5), tester.address())).into(),
            is_down: AtomicBool::new(false),
        };
        Self { client, worker, tester, agreement, chain: Arc::new(chain), issuer: Arc::default() }
    }

    /// A responder of the worker.
    pub(crate) fn endpoint_responder(&self) -> EndpointResponder {
        EndpointResponder::new(self.worker.address(), self.chain.clone(), self.issuer.clone())
    }

    /// A responder of the client.
    pub(crate) fn pass_responder(&self) -> PassResponder {
        let issued_passes = Arc::new(InMemoryReplayGuard::default());
        PassResponder::new(self.client.clone(), self.chain.clone(), issued_passes)
    }

    /// Changes the agreement.
    pub(crate) fn update_agreement(&self, change: impl FnOnce(&mut AgreementInfo)) {
        change(self.chain.agreements.lock().unwrap().get_mut(&self.agreement).unwrap());
    }
}

/// The key of an account.
pub(crate) fn key(account: &PrivateKeySigner) -> MessageKey {
    MessageKey::from_signer(account).unwrap()
}

/// A message received from the holder of a key.
pub(crate) fn delivery(sender: &MessageKey, message: &Message) -> Delivery {
    Delivery { sender: sender.public(), sent_at: now(), message: message.clone() }
}

/// The current Unix second.
pub(crate) fn now() -> u64 {
    nostr::types::Timestamp::now().as_secs()
}

/// Returns when the condition holds. The pauses leave the processor to other tasks.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    while !condition().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// The mailbox of a key, with a replay guard of its own.
pub(crate) async fn mailbox(
    key: &MessageKey,
    transport: &Arc<impl Transport + 'static>,
) -> Mailbox {
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    Mailbox::open(key.clone(), transport.clone(), replay_guard).await.unwrap()
}

/// A relay with default limits.
pub(crate) async fn relay() -> Relay {
    Relay::start(RelayConfig::default()).await.unwrap()
}
