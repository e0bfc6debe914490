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
    Admission, Answer, ClientDesk, Delivery, Endpoint, Facts, Hidden, Issuer, Letter, MessageKey,
    PostBox, RecentlySeen, Relay, Source, Standing, Transport, WorkerDesk,
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
    pub(crate) chain: Arc<Chain>,
    /// Whom the worker has let in.
    pub(crate) door: Arc<Door>,
}

/// What a chain says.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Agreements.
    pub(crate) agreements: Mutex<HashMap<Address, Facts>>,
    /// Registered keys.
    pub(crate) keys: Mutex<HashMap<Address, B256>>,
    /// Seats.
    pub(crate) seats: HashMap<(Address, u8, u32), Address>,
    /// Whether nobody can ask it.
    pub(crate) is_down: AtomicBool,
}

impl Chain {
    /// An answer, unless it is down.
    fn say<T: Send + 'static>(&self, answer: T) -> Answer<'_, T> {
        let down = self.is_down.load(Ordering::Relaxed);
        ready(if down { Err(Source::from("the node is down")) } else { Ok(answer) }).boxed()
    }
}

impl Standing for Chain {
    fn chain_id(&self) -> u64 {
        CHAIN
    }

    fn agreement(&self, agreement: Address) -> Answer<'_, Option<Facts>> {
        self.say(self.agreements.lock().unwrap().get(&agreement).cloned())
    }

    fn key(&self, account: Address) -> Answer<'_, Option<B256>> {
        self.say(self.keys.lock().unwrap().get(&account).copied())
    }

    fn tester(&self, agreement: Address, window: u8, place: u32) -> Answer<'_, Option<Address>> {
        self.say(self.seats.get(&(agreement, window, place)).copied())
    }
}

/// Gives everybody the same endpoint, and remembers whom.
#[derive(Debug, Default)]
pub(crate) struct Door(pub(crate) Mutex<Vec<Admission>>);

impl Issuer for Door {
    fn issue(&self, admission: &Admission) -> Result<Endpoint, Source> {
        self.0.lock().unwrap().push(*admission);
        Ok(Endpoint { url: Hidden::new(URL), token: Hidden::new(TOKEN) })
    }
}

impl Market {
    /// A market in which window 2 is the current one.
    pub(crate) fn new() -> Self {
        let [client, worker, tester] = [(); 3].map(|()| PrivateKeySigner::random());
        let agreement = Address::repeat_byte(0xa9);
        let facts =
            Facts { client: client.address(), workers: vec![worker.address()], window: Some(2) };
        let keys = [&worker, &tester].map(|signer| (signer.address(), key(signer).public()));
        let chain = Chain {
            agreements: Mutex::new([(agreement, facts)].into()),
            keys: Mutex::new(keys.into()),
            seats: [((agreement, 2, 5), tester.address())].into(),
            is_down: AtomicBool::new(false),
        };
        Self { client, worker, tester, agreement, chain: Arc::new(chain), door: Arc::default() }
    }

    /// The worker's desk.
    pub(crate) fn worker_desk(&self) -> WorkerDesk {
        WorkerDesk::new(self.worker.address(), self.chain.clone(), self.door.clone())
    }

    /// The client's desk.
    pub(crate) fn client_desk(&self) -> ClientDesk {
        let given = Arc::new(RecentlySeen::default());
        ClientDesk::new(self.client.clone(), self.chain.clone(), given)
    }

    /// Changes what the agreement is.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(self.chain.agreements.lock().unwrap().get_mut(&self.agreement).unwrap());
    }
}

/// The key of an account.
pub(crate) fn key(account: &PrivateKeySigner) -> MessageKey {
    MessageKey::of(account).unwrap()
}

/// A letter that has come in from the holder of a key.
pub(crate) fn delivery(sender: &MessageKey, letter: &Letter) -> Delivery {
    Delivery { sender: sender.public(), sent: now(), letter: letter.clone() }
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
pub(crate) async fn post_box(
    key: &MessageKey,
    transport: &Arc<impl Transport + 'static>,
) -> PostBox {
    let seen = Arc::new(RecentlySeen::default());
    PostBox::open(key.clone(), transport.clone(), seen).await.unwrap()
}

/// A connection to a relay, by hand.
pub(crate) struct Raw(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Raw {
    /// Connects.
    pub(crate) async fn connect(relay: &Relay) -> Self {
        Self(connect_async(relay.url()).await.unwrap().0)
    }

    /// Says something.
    pub(crate) async fn say(&mut self, what: &Value) {
        self.0.send(WsMessage::text(what.to_string())).await.unwrap();
    }

    /// What the relay says next; `None` when it has cut the connection.
    pub(crate) async fn hear(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                WsMessage::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                WsMessage::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// What the relay answers.
    pub(crate) async fn ask(&mut self, what: &Value) -> Value {
        self.say(what).await;
        self.hear().await.unwrap()
    }

    /// What the relay says to an event: whether it keeps it, and why not.
    pub(crate) async fn publish(&mut self, event: &muster_messaging::Event) -> (bool, String) {
        let answer = self.ask(&json!(["EVENT", event])).await;
        assert_eq!((&answer[0], &answer[1]), (&json!("OK"), &json!(event.id)));
        (answer[2].as_bool().unwrap(), answer[3].as_str().unwrap().to_owned())
    }

    /// Everything that is kept for a filter, by id.
    pub(crate) async fn stored(&mut self, filter: &Value) -> Vec<String> {
        self.say(&json!(["REQ", "stored", filter])).await;
        let mut ids = Vec::new();
        loop {
            let said = self.hear().await.unwrap();
            if said[0] != "EVENT" {
                assert_eq!(said, json!(["EOSE", "stored"]));
                self.say(&json!(["CLOSE", "stored"])).await;
                return ids;
            }
            ids.push(said[2]["id"].as_str().unwrap().to_owned());
        }
    }
}
