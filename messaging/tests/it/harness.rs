//! A market without a chain, and a raw connection to a relay.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use futures::future::ready;
use futures::{FutureExt, SinkExt, StreamExt};
use muster_messaging::{
    AccessGrant, AgreementInfo, BoxError, ChainFuture, ChainView, Delivery, Endpoint,
    EndpointIssuer, EndpointResponder, InMemoryReplayGuard, Mailbox, Message, MessageKey,
    PassResponder, Relay, SecretString, Transport,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message as WsMessage;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// The chain of every market here.
pub(crate) const CHAIN: u64 = 412_346;

/// Where the worker serves.
pub(crate) const URL: &str = "https://203.0.113.77:8443/service";

/// What a service wants to be shown.
pub(crate) const TOKEN: &str = "token-that-nobody-else-may-see";

/// A market: one agreement, with a client, a worker and a tester that holds place 5 in window 2.
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
    /// What the chain says.
    pub(crate) chain: Arc<MockChain>,
    /// Whom the worker has let in.
    pub(crate) issuer: Arc<RecordingIssuer>,
}

/// What a chain says.
#[derive(Debug)]
pub(crate) struct MockChain {
    /// Agreements.
    pub(crate) agreements: Mutex<HashMap<Address, AgreementInfo>>,
    /// Registered keys.
    pub(crate) keys: Mutex<HashMap<Address, B256>>,
    /// Seats.
    pub(crate) seats: HashMap<(Address, u8, u32), Address>,
    /// Whether nobody can ask it.
    pub(crate) is_down: AtomicBool,
}

impl MockChain {
    /// An answer, unless it is down.
    fn reply<T: Send + 'static>(&self, answer: T) -> ChainFuture<'_, T> {
        let down = self.is_down.load(Ordering::Relaxed);
        ready(if down { Err(BoxError::from("the node is down")) } else { Ok(answer) }).boxed()
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

/// Gives everybody the same endpoint, and remembers whom.
#[derive(Debug, Default)]
pub(crate) struct RecordingIssuer(pub(crate) Mutex<Vec<AccessGrant>>);

impl EndpointIssuer for RecordingIssuer {
    fn issue(&self, grant: &AccessGrant) -> Result<Endpoint, BoxError> {
        self.0.lock().unwrap().push(*grant);
        Ok(Endpoint { url: SecretString::new(URL), token: SecretString::new(TOKEN) })
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
        };
        let keys = [&worker, &tester].map(|signer| (signer.address(), key(signer).public()));
        let chain = MockChain {
            agreements: Mutex::new([(agreement, info)].into()),
            keys: Mutex::new(keys.into()),
            seats: [((agreement, 2, 5), tester.address())].into(),
            is_down: AtomicBool::new(false),
        };
        Self { client, worker, tester, agreement, chain: Arc::new(chain), issuer: Arc::default() }
    }

    /// The worker's desk.
    pub(crate) fn endpoint_responder(&self) -> EndpointResponder {
        EndpointResponder::new(self.worker.address(), self.chain.clone(), self.issuer.clone())
    }

    /// The client's desk.
    pub(crate) fn pass_responder(&self) -> PassResponder {
        let issued_passes = Arc::new(InMemoryReplayGuard::default());
        PassResponder::new(self.client.clone(), self.chain.clone(), issued_passes)
    }

    /// Changes what the agreement is.
    pub(crate) fn update_agreement(&self, change: impl FnOnce(&mut AgreementInfo)) {
        change(self.chain.agreements.lock().unwrap().get_mut(&self.agreement).unwrap());
    }
}

/// The key of an account.
pub(crate) fn key(account: &PrivateKeySigner) -> MessageKey {
    MessageKey::from_signer(account).unwrap()
}

/// A letter that has come in from the holder of a key.
pub(crate) fn delivery(sender: &MessageKey, message: &Message) -> Delivery {
    Delivery { sender: sender.public(), sent_at: now(), message: message.clone() }
}

/// The Unix second.
pub(crate) fn now() -> u64 {
    nostr::types::Timestamp::now().as_secs()
}

/// Returns when it is so. The pauses leave the processor to those who are waited for.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// The post box of a key, with a memory of its own.
pub(crate) async fn mailbox(
    key: &MessageKey,
    transport: &Arc<impl Transport + 'static>,
) -> Mailbox {
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    Mailbox::open(key.clone(), transport.clone(), replay_guard).await.unwrap()
}

/// A connection to a relay, by hand.
pub(crate) struct RawConnection(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl RawConnection {
    /// Connects.
    pub(crate) async fn connect(relay: &Relay) -> Self {
        Self(connect_async(relay.url()).await.unwrap().0)
    }

    /// Says something.
    pub(crate) async fn send(&mut self, what: &Value) {
        self.0.send(WsMessage::text(what.to_string())).await.unwrap();
    }

    /// What the relay says next; `None` when it has cut the connection.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                WsMessage::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                WsMessage::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// What the relay answers.
    pub(crate) async fn request(&mut self, what: &Value) -> Value {
        self.send(what).await;
        self.receive().await.unwrap()
    }

    /// What the relay says to an event: whether it keeps it, and why not.
    pub(crate) async fn publish(&mut self, event: &muster_messaging::Event) -> (bool, String) {
        let answer = self.request(&json!(["EVENT", event])).await;
        assert_eq!((&answer[0], &answer[1]), (&json!("OK"), &json!(event.id)));
        (answer[2].as_bool().unwrap(), answer[3].as_str().unwrap().to_owned())
    }

    /// Everything that is kept for a filter, by id.
    pub(crate) async fn stored(&mut self, filter: &Value) -> Vec<String> {
        self.send(&json!(["REQ", "stored", filter])).await;
        let mut ids = Vec::new();
        loop {
            let said = self.receive().await.unwrap();
            if said[0] != "EVENT" {
                assert_eq!(said, json!(["EOSE", "stored"]));
                self.send(&json!(["CLOSE", "stored"])).await;
                return ids;
            }
            ids.push(said[2]["id"].as_str().unwrap().to_owned());
        }
    }
}
