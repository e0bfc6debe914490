//! Relays and logs contain no secret of the parties in plaintext.

use std::io;
use std::sync::{Arc, Mutex};

use futures::{Sink, SinkExt, Stream, StreamExt};
use muster_messaging::{Claim, Content, ExposeSecret, Message, RelayPool};
use muster_relay::{Relay, RelayConfig, RelayUrl};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::{Error, Message as WsMessage};
use tokio_tungstenite::{accept_async, connect_async};
use tracing_subscriber::filter::LevelFilter;

use crate::harness::{CHAIN, Market, TOKEN, URL, key, mailbox, now};

/// Records bytes.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Recorder {
    /// Whether the bytes contain a text.
    fn has(&self, text: &str) -> bool {
        self.0.lock().unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
    }
}

impl io::Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Forwards and records every message of one direction.
async fn copy(
    mut from: impl Stream<Item = Result<WsMessage, Error>> + Unpin,
    mut to: impl Sink<WsMessage, Error = Error> + Unpin,
    recorder: Recorder,
) {
    while let Some(Ok(message)) = from.next().await {
        recorder.0.lock().unwrap().extend_from_slice(&message.clone().into_data());
        if to.send(message).await.is_err() {
            return;
        }
    }
}

/// Forwards connections to a relay, and records what both sides send.
async fn intercept(listener: TcpListener, relay: String, recorder: Recorder) {
    while let Ok((client, _)) = listener.accept().await {
        let (client_to, client_from) = accept_async(client).await.unwrap().split();
        let (relay_to, relay_from) = connect_async(&relay).await.unwrap().0.split();
        tokio::spawn(copy(client_from, relay_to, recorder.clone()));
        tokio::spawn(copy(relay_from, client_to, recorder.clone()));
    }
}

#[tokio::test]
async fn no_address_token_or_agreement_is_in_plaintext() {
    let (log, traffic) = (Recorder::default(), Recorder::default());
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    // The test and its tasks run on this thread.
    let _guard = tracing::subscriber::set_default(subscriber);

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let public_url = RelayUrl::parse(&url).ok();
    let config = RelayConfig { require_auth: true, url: public_url, ..RelayConfig::default() };
    let relay = Relay::start(config).await.unwrap();
    tokio::spawn(intercept(listener, relay.url(), traffic.clone()));

    let market = Market::new();
    let [clients, workers] = [&market.client, &market.worker].map(key);
    let pool = || Arc::new(RelayPool::connect([&url]).unwrap());
    let mut worker = mailbox(&workers, &pool()).await;
    let mut client = mailbox(&clients, &pool()).await;
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let request = Message::request(CHAIN, market.agreement, content);
    client.send(worker.key(), &request).await.unwrap();
    let delivery = worker.next().await.unwrap();
    let reply = market.endpoint_responder().respond(&delivery, now()).await.unwrap().unwrap();
    worker.send(delivery.sender, &reply).await.unwrap();
    let reply = client.next().await.unwrap();
    tracing::info!(?delivery, ?reply, ?client, issuer = ?market.issuer, "a careless program");

    assert!(
        traffic.has("EVENT")
            && traffic.has("AUTH")
            && traffic.has(&workers.public().to_string()[2..])
    );
    assert!(log.has("connected") && log.has("a careless program"));
    let secrets =
        [&clients, &workers].map(|key| alloy::hex::encode(key.to_bytes().expose_secret()));
    for secret in [URL, "203.0.113.77", TOKEN, &secrets[0], &secrets[1]] {
        assert!(!traffic.has(secret) && !log.has(secret), "{secret}");
    }
    for private in [request.nonce.to_string(), market.agreement.to_string().to_lowercase()] {
        assert!(!traffic.has(&private[2..]), "{private}");
    }
    assert!(!log.has("127.0.0.1"));
}
