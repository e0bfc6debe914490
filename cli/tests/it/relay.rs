//! `muster relay` as a process.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use muster_messaging::{
    Claim, Content, InMemoryReplayGuard, Mailbox, Message, MessageKey, RelayPool,
};
use tokio::task::block_in_place;

use crate::harness::{BackgroundProcess, TestFolder, until};

/// A good request for a WebSocket.
const HANDSHAKE: &[u8] =
    b"GET / HTTP/1.1\r\nhost: relay\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A frame with a text that is no request.
const NONSENSE: &[u8] = &[0x81, 0x82, 0, 0, 0, 0, b'{', b'}'];

/// Sends a message to its own sender.
async fn send(relay: &str) {
    let (key, relays) = (MessageKey::random(), Arc::new(RelayPool::connect([relay]).unwrap()));
    let replay_guard = Arc::new(InMemoryReplayGuard::default());
    let mailbox = Mailbox::open(key.clone(), relays, replay_guard).await.unwrap();
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    let message = Message::request(1, alloy::primitives::Address::ZERO, content);
    mailbox.send(key.public(), &message).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_per_address_are_limited_and_counted_in_metrics() {
    let folder = TestFolder::new("relay-room", "");
    let mut relay = BackgroundProcess::start(&folder, "relay --listen 127.0.0.1:0 --per-address 1");
    let ready = relay.ready();
    let [url, health] = ["url", "health"].map(|name| ready[name].as_str().unwrap().to_owned());
    let read = async |url: &str| reqwest::get(url).await.unwrap().text().await.unwrap();
    until(async || read(&health).await == "waits for messages\n").await;
    let metrics = health.replace("/health", "/metrics");
    let tells = async |line: &str| until(async || read(&metrics).await.contains(line)).await;

    let address = url.trim_start_matches("ws://");
    let connect = || TcpStream::connect(address).unwrap();
    let mut first = connect();
    tells("muster_relay_connections 1\n").await;
    let mut second = connect();
    // It may have been closed before.
    let _ = second.write_all(HANDSHAKE);
    let heard = block_in_place(|| second.read(&mut [0]));
    assert!(matches!(heard, Ok(0) | Err(_)), "it is closed without a word");
    let refusals = |why| format!("muster_relay_refusals_total{{why=\"{why}\"}} 1\n");
    tells(&refusals("restricted: too many connections from there")).await;
    first.write_all(HANDSHAKE).unwrap();
    let heard = block_in_place(|| first.read(&mut [0; 1024]));
    assert!(heard.unwrap() > 0, "it shakes hands");
    first.write_all(NONSENSE).unwrap();
    tells(&refusals("invalid: not understood")).await;

    drop(first);
    tells("muster_relay_connections 0\n").await;
    send(&url).await;
    tells("muster_relay_messages_total 1\n").await;
    assert_eq!(relay.terminate(), Some(0));
}
