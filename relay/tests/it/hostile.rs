//! Hostile clients: the relay rejects what they send, its memory stays bounded, and it serves other clients.

use std::array::from_fn;
use std::num::NonZeroU32;
use std::time::Duration;

use futures::future::join_all;
use futures::{SinkExt, StreamExt};
use muster_relay::{Limits, Relay};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{RawConnection, key, relay, wrap};

/// Checks that the relay serves an honest client.
async fn assert_serves(relay: &Relay) {
    let receiver = key();
    let mut raw = RawConnection::connect(relay).await;
    let wrap = wrap(receiver);
    assert!(raw.publish(&wrap).await.0);
    assert_eq!(raw.stored(&json!({ "#p": [receiver] })).await, [wrap.id.to_hex()]);
}

/// Reads until the relay has closed the connection.
async fn wait_closed(socket: &mut TcpStream) {
    let mut buffer = [0; 1024];
    while !matches!(socket.read(&mut buffer).await, Ok(0) | Err(_)) {}
}

/// The resident memory of this process, in bytes.
fn resident_bytes() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

/// A TCP connection after the WebSocket handshake.
async fn handshake(relay: &Relay) -> TcpStream {
    let mut socket = TcpStream::connect(relay.address()).await.unwrap();
    let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    while !response.ends_with(b"\r\n\r\n") {
        response.push(socket.read_u8().await.unwrap());
    }
    assert!(response.starts_with(b"HTTP/1.1 101"));
    socket
}

/// The header of a masked text frame that announces so many bytes.
fn frame_header(announced: u64) -> Vec<u8> {
    let mask = [0; 4];
    [&[0x81, 0x80 | 0x7f][..], &announced.to_be_bytes(), &mask].concat()
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_connection_before_it_is_read() {
    let relay = relay(Limits::default()).await;
    for announced in [40_000, 1 << 30, 1 << 62] {
        let mut socket = handshake(&relay).await;
        socket.write_all(&frame_header(announced)).await.unwrap();
        wait_closed(&mut socket).await;
    }
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_message_in_endless_fragments_ends_the_connection() {
    let relay = relay(Limits::default()).await;
    let mut socket = handshake(&relay).await;
    let fragment = |first: bool| {
        let head = [u8::from(first), 0x80 | 0x7e, 0x10, 0x00, 0, 0, 0, 0];
        [&head[..], &[b'['; 0x1000]].concat()
    };
    let mut first = true;
    while socket.write_all(&fragment(first)).await.is_ok() {
        first = false;
    }
    assert_serves(&relay).await;
}

#[tokio::test]
async fn malformed_messages_are_rejected_and_too_many_end_the_connection() {
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
    for filter in [json!(7), json!({ "kinds": "x" }), json!({ "ids": [1] }), json!([])] {
        let closed = json!(["CLOSED", "s", "invalid: not understood"]);
        assert_eq!(raw.request(&json!(["REQ", "s", filter])).await, closed, "{filter}");
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
    let wrap = wrap(key());
    let mut raw = RawConnection::connect(&relay).await;
    let mut replies: Vec<(bool, String)> = Vec::new();
    for _ in 0..10 {
        replies.push(raw.publish(&wrap).await);
    }
    assert!(replies.iter().all(|(accepted, _)| *accepted), "{replies:?}");
    let rate_limited = "rate-limited: slower, please";
    assert_eq!(raw.publish(&wrap).await, (false, rate_limited.to_owned()));
    let closed = raw.request(&json!(["REQ", "s", {}])).await;
    assert_eq!(closed, json!(["CLOSED", "s", rate_limited]));
    let text = Message::text(json!(["EVENT", wrap]).to_string());
    while raw.0.send(text.clone()).await.is_ok() && raw.receive().await.is_some() {}
    assert_serves(&relay).await;
}

#[tokio::test]
async fn a_slow_handshake_is_disconnected() {
    let io_timeout = Duration::from_millis(100);
    let relay = relay(Limits { io_timeout, ..Limits::default() }).await;
    for start in ["", "GET / HTTP/1.1\r\nHost:"] {
        let mut socket = TcpStream::connect(relay.address()).await.unwrap();
        socket.write_all(start.as_bytes()).await.unwrap();
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
    let receiver = key();
    let mut listener = RawConnection::connect(&relay).await;
    let request = json!(["REQ", "s", { "#p": [receiver] }]);
    assert_eq!(listener.request(&request).await, json!(["EOSE", "s"]));
    // Reading answers the pings of the relay.
    let event = tokio::spawn(async move { listener.receive().await });
    let mut silent = handshake(&relay).await;
    wait_closed(&mut silent).await;
    let mut dripping = handshake(&relay).await;
    dripping.write_all(&frame_header(1_000)).await.unwrap();
    wait_closed(&mut dripping).await;
    let wrap = wrap(receiver);
    RawConnection::connect(&relay).await.publish(&wrap).await;
    assert_eq!(event.await.unwrap(), Some(json!(["EVENT", "s", wrap])));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_disconnected_and_others_get_everything() {
    let limits = Limits {
        messages_per_second: NonZeroU32::MAX,
        io_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    let relay = relay(limits).await;
    let receiver = key();
    let request = json!(["REQ", "s", { "#p": [receiver] }]);
    let [mut reader, mut stalled, mut writer] = [
        RawConnection::connect(&relay).await,
        RawConnection::connect(&relay).await,
        RawConnection::connect(&relay).await,
    ];
    for raw in [&mut reader, &mut stalled] {
        assert_eq!(raw.request(&request).await, json!(["EOSE", "s"]));
    }
    // Repeated requests for the stored wraps fill the buffers of the operating system.
    let wraps: Vec<_> = (0..100).map(|_| wrap(receiver)).collect();
    for wrap in &wraps {
        assert!(writer.publish(wrap).await.0);
        assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", wrap])));
    }
    let text = Message::text(request.to_string());
    while stalled.0.send(text.clone()).await.is_ok() {}
    let last = wrap(receiver);
    assert!(writer.publish(&last).await.0);
    assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", last])));
}

#[tokio::test]
async fn thousands_of_connections_neither_exhaust_memory_nor_end_open_connections() {
    let limit = 200;
    let limits = Limits { connections: limit, per_address: limit, ..Limits::default() };
    let relay = relay(limits).await;
    let receiver = key();
    let [mut reader, mut writer] =
        [RawConnection::connect(&relay).await, RawConnection::connect(&relay).await];
    let request = json!(["REQ", "s", { "#p": [receiver] }]);
    assert_eq!(reader.request(&request).await, json!(["EOSE", "s"]));

    let before = resident_bytes();
    // Each connection opens every subscription that it may, and leaves a message of almost the largest size unfinished.
    let mut open = Vec::new();
    for socket_number in 2..limit {
        let mut socket = handshake(&relay).await;
        for id in 0..64 {
            let keys: [_; 4] = from_fn(|key| format!("{socket_number:020}{id:020}{key:024}"));
            let request =
                json!(["REQ", format!("{id:64}"), { "#p": keys, "ids": keys }]).to_string();
            let frame =
                [frame_header(request.len().try_into().unwrap()), request.into_bytes()].concat();
            socket.write_all(&frame).await.unwrap();
        }
        let unfinished = [frame_header(35_000), vec![b'['; 34_000]].concat();
        socket.write_all(&unfinished).await.unwrap();
        open.push(socket);
    }
    for _ in 0..20 {
        let attempts = (0..100).map(|_| async {
            let Ok(mut socket) = TcpStream::connect(relay.address()).await else { return };
            wait_closed(&mut socket).await;
        });
        join_all(attempts).await;
    }
    let wrap = wrap(receiver);
    assert!(writer.publish(&wrap).await.0);
    assert_eq!(reader.receive().await, Some(json!(["EVENT", "s", wrap])));
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < limit * 400_000, "{grown} bytes for {limit} connections");

    // A connection that ends makes room for the next one.
    drop(open.pop());
    loop {
        let Ok((mut socket, _)) = tokio_tungstenite::connect_async(relay.url()).await else {
            continue;
        };
        socket.send(Message::text(request.to_string())).await.unwrap();
        let frame = socket.next().await.unwrap().unwrap();
        if let Message::Text(text) = frame {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap()[0], "EVENT");
            return;
        }
    }
}
