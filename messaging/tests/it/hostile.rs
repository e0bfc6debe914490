//! Strangers who want a relay to fail: what they send is refused, memory stays bounded, others are served.

use std::array::from_fn;
use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use muster_messaging::{Limits, MessageKey, Relay};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::RawConnection;
use crate::relay::{hex, relay, wrap};

/// Whether an honest client is served.
async fn assert_serves(relay: &Relay) {
    let key = MessageKey::random();
    let mut raw = RawConnection::connect(relay).await;
    let wrap = wrap(&key);
    assert!(raw.publish(&wrap).await.0);
    assert_eq!(raw.stored(&json!({ "#p": [hex(&key)] })).await, [wrap.id.to_hex()]);
}

/// Waits until the other side has closed a connection, reading what it still says.
async fn wait_closed(socket: &mut TcpStream) {
    let mut rest = [0; 1024];
    while !matches!(socket.read(&mut rest).await, Ok(0) | Err(_)) {}
}

/// The bytes of memory that this process uses.
fn memory() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// A WebSocket connection without its frames.
async fn handshake(relay: &Relay) -> TcpStream {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(socket.read_u8().await.unwrap());
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"));
    socket
}

/// The beginning of a text frame that announces so many bytes.
fn frame(announced: u64) -> Vec<u8> {
    let mask = [0; 4];
    [&[0x81, 0x80 | 0x7f][..], &announced.to_be_bytes(), &mask].concat()
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_connection_before_it_is_read() {
    let relay = relay(Limits::default()).await;
    for announced in [40_000, 1 << 30, 1 << 62] {
        let mut socket = handshake(&relay).await;
        socket.write_all(&frame(announced)).await.unwrap();
        wait_closed(&mut socket).await;
    }
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_message_in_ever_more_pieces_ends_the_connection() {
    let relay = relay(Limits::default()).await;
    let mut socket = handshake(&relay).await;
    let piece = |first: bool| {
        let head = [u8::from(first), 0x80 | 0x7e, 0x10, 0x00, 0, 0, 0, 0];
        [&head[..], &[b'['; 0x1000]].concat()
    };
    let mut first = true;
    while socket.write_all(&piece(first)).await.is_ok() {
        first = false;
    }
    assert_serves(&relay).await;
}

#[tokio::test]
async fn nonsense_is_refused_and_too_much_of_it_ends_the_connection() {
    let relay = relay(Limits::default()).await;
    let mut raw = RawConnection::connect(&relay).await;
    let not_understood = json!(["NOTICE", "invalid: not understood"]);
    let deep = "[".repeat(30_000);
    let nested = format!(r#"["REQ","s",{{"x":{}"#, "[".repeat(30_000));
    let wide = format!(r#"["EVENT",{{"tags":[{}[]]}}]"#, "[],".repeat(10_000));
    for text in ["", "{}", "[]", "hello", r#"["NO"]"#, r#"["COUNT","s",{}]"#, &deep, &nested, &wide]
    {
        raw.0.send(Message::text(text)).await.unwrap();
        assert_eq!(raw.receive().await.as_ref(), Some(&not_understood), "{text:.20}");
    }
    raw.0.send(Message::binary(vec![0; 100])).await.unwrap();
    assert_eq!(raw.receive().await.as_ref(), Some(&not_understood));
    let mut notices = 0;
    while raw.0.send(Message::text("{}")).await.is_ok() && raw.receive().await.is_some() {
        notices += 1;
    }
    assert!(notices < 32, "{notices}");
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_client_above_the_rate_limit_is_limited_and_then_disconnected() {
    let limits = Limits { messages_per_second: NonZeroU32::MIN, ..Limits::default() };
    let relay = relay(limits).await;
    let wrap = wrap(&MessageKey::random());
    let mut raw = RawConnection::connect(&relay).await;
    let mut said: Vec<(bool, String)> = Vec::new();
    for _ in 0..10 {
        said.push(raw.publish(&wrap).await);
    }
    assert!(said.iter().all(|(kept, _)| *kept), "{said:?}");
    let slower = "rate-limited: slower, please";
    assert_eq!(raw.publish(&wrap).await, (false, slower.to_owned()));
    let closed = raw.request(&json!(["REQ", "s", {}])).await;
    assert_eq!(closed, json!(["CLOSED", "s", slower]));
    let text = Message::text(json!(["EVENT", wrap]).to_string());
    while raw.0.send(text.clone()).await.is_ok() && raw.receive().await.is_some() {}
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_slow_handshake_is_disconnected() {
    let patience = Duration::from_millis(100);
    let relay = relay(Limits { io_timeout: patience, ..Limits::default() }).await;
    for begun in ["", "GET / HTTP/1.1\r\nHost:"] {
        let mut socket = TcpStream::connect(relay.address()).await.unwrap();
        socket.write_all(begun.as_bytes()).await.unwrap();
        wait_closed(&mut socket).await;
    }
    let mut endless = TcpStream::connect(relay.address()).await.unwrap();
    endless.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while endless.write_all(&[b'x'; 4096]).await.is_ok() {}
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_silent_client_is_disconnected_and_one_that_only_listens_is_not() {
    let heartbeat = Duration::from_millis(50);
    let relay = relay(Limits { heartbeat, ..Limits::default() }).await;
    let key = MessageKey::random();
    let mut listener = RawConnection::connect(&relay).await;
    let request = json!(["REQ", "s", { "#p": [hex(&key)] }]);
    assert_eq!(listener.request(&request).await, json!(["EOSE", "s"]));
    // Reading answers what the relay asks for.
    let heard = tokio::spawn(async move { listener.receive().await });
    let mut silent = handshake(&relay).await;
    wait_closed(&mut silent).await;
    let mut dripping = handshake(&relay).await;
    dripping.write_all(&frame(1_000)).await.unwrap();
    wait_closed(&mut dripping).await;
    let wrap = wrap(&key);
    RawConnection::connect(&relay).await.publish(&wrap).await;
    assert_eq!(heard.await.unwrap(), Some(json!(["EVENT", "s", wrap])));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_others_get_everything() {
    let limits = Limits {
        messages_per_second: NonZeroU32::MAX,
        io_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let relay = relay(limits).await;
    let key = MessageKey::random();
    let request = json!(["REQ", "s", { "#p": [hex(&key)] }]);
    let [mut reader, mut deaf, mut writer] = [
        RawConnection::connect(&relay).await,
        RawConnection::connect(&relay).await,
        RawConnection::connect(&relay).await,
    ];
    for raw in [&mut reader, &mut deaf] {
        assert_eq!(raw.request(&request).await, json!(["EOSE", "s"]));
    }
    // Asked for again and again, what is kept outgrows what the system holds for a connection.
    let wraps: Vec<_> = (0..100).map(|_| wrap(&key)).collect();
    for wrap in &wraps {
        assert!(writer.publish(wrap).await.0);
        assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", wrap])));
    }
    let text = Message::text(request.to_string());
    while deaf.0.send(text.clone()).await.is_ok() {}
    let last = wrap(&key);
    assert!(writer.publish(&last).await.0);
    assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", last])));
}

#[tokio::test]
async fn thousands_of_connections_take_neither_the_memory_nor_the_place_of_who_is_served() {
    let most = 200;
    let limits = Limits { connections: most, per_address: most, ..Limits::default() };
    let relay = relay(limits).await;
    let key = MessageKey::random();
    let [mut reader, mut writer] =
        [RawConnection::connect(&relay).await, RawConnection::connect(&relay).await];
    let request = json!(["REQ", "s", { "#p": [hex(&key)] }]);
    assert_eq!(reader.request(&request).await, json!(["EOSE", "s"]));

    let before = memory();
    // Each one that gets in asks for all it may, and leaves a message of almost the largest size unfinished.
    let mut inside = Vec::new();
    for socket_number in 2..most {
        let mut socket = handshake(&relay).await;
        for name in 0..64 {
            let keys: [_; 4] = from_fn(|key| format!("{socket_number:020}{name:020}{key:024}"));
            let request =
                json!(["REQ", format!("{name:64}"), { "#p": keys, "ids": keys }]).to_string();
            let asked = [frame(request.len().try_into().unwrap()), request.into_bytes()].concat();
            socket.write_all(&asked).await.unwrap();
        }
        let begun = [frame(35_000), vec![b'['; 34_000]].concat();
        socket.write_all(&begun).await.unwrap();
        inside.push(socket);
    }
    for _ in 0..20 {
        let attempts = (0..100).map(|_| async {
            let Ok(mut socket) = TcpStream::connect(relay.address()).await else { return };
            wait_closed(&mut socket).await;
        });
        join_all(attempts).await;
    }
    let wrap = wrap(&key);
    assert!(writer.publish(&wrap).await.0);
    assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", wrap])));
    let grown = memory().saturating_sub(before);
    assert!(grown < most * 400_000, "{grown} bytes for {most} connections");

    // A place that becomes free is taken by the next one.
    drop(inside.pop());
    loop {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(relay.url()).await else {
            continue;
        };
        socket.send(Message::text(request.to_string())).await.unwrap();
        let said = socket.next().await.unwrap().unwrap();
        if let Message::Text(text) = said {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0], "EVENT");
            return;
        }
    }
}
