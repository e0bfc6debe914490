//! Starts relays, makes wraps, and speaks to a relay frame by frame.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use muster_relay::{Limits, Relay, RelayConfig};
use nostr::event::{Event, EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::{Keys, PublicKey};
use nostr::types::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A relay with these limits.
pub(crate) async fn relay(limits: Limits) -> Relay {
    Relay::start(RelayConfig { limits, ..RelayConfig::default() }).await.unwrap()
}

/// A fresh public key.
pub(crate) fn key() -> PublicKey {
    Keys::generate().public_key()
}

/// A wrap for a key, as long as one with a message.
pub(crate) fn wrap(receiver: PublicKey) -> Event {
    let event = EventBuilder::new(Kind::GiftWrap, "x".repeat(2_000));
    event.tag(Tag::public_key(receiver)).finalize(&Keys::generate()).unwrap()
}

/// An event with this kind, date and tags.
pub(crate) fn custom_event(kind: Kind, at: u64, tags: impl IntoIterator<Item = Tag>) -> Event {
    let event = EventBuilder::new(kind, "x").tags(tags);
    event.custom_created_at(Timestamp::from_secs(at)).finalize(&Keys::generate()).unwrap()
}

/// The current Unix second.
pub(crate) fn now() -> u64 {
    Timestamp::now().as_secs()
}

/// Returns when the condition holds. The pauses leave the processor to the relay.
pub(crate) async fn until(mut condition: impl AsyncFnMut() -> bool) {
    while !condition().await {
        sleep(Duration::from_millis(25)).await;
    }
}

/// A WebSocket connection to a relay.
pub(crate) struct RawConnection(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl RawConnection {
    /// Connects.
    pub(crate) async fn connect(relay: &Relay) -> Self {
        Self(connect_async(relay.url()).await.unwrap().0)
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The relay's next message; `None` when it has closed the connection.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        loop {
            match self.0.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// Sends a message and returns the relay's next one.
    pub(crate) async fn request(&mut self, message: &Value) -> Value {
        self.send(message).await;
        self.receive().await.unwrap()
    }

    /// Sends an event and returns whether the relay accepts it, and its reason.
    pub(crate) async fn publish(&mut self, event: &Event) -> (bool, String) {
        let reply = self.request(&json!(["EVENT", event])).await;
        assert_eq!((&reply[0], &reply[1]), (&json!("OK"), &json!(event.id)));
        (reply[2].as_bool().unwrap(), reply[3].as_str().unwrap().to_owned())
    }

    /// The ids of the stored events that match a filter.
    pub(crate) async fn stored(&mut self, filter: &Value) -> Vec<String> {
        self.send(&json!(["REQ", "stored", filter])).await;
        let mut ids = Vec::new();
        loop {
            let message = self.receive().await.unwrap();
            if message[0] != "EVENT" {
                assert_eq!(message, json!(["EOSE", "stored"]));
                self.send(&json!(["CLOSE", "stored"])).await;
                return ids;
            }
            ids.push(message[2]["id"].as_str().unwrap().to_owned());
        }
    }
}
