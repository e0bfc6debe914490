//! `muster relay` as a process.

use std::io::{Read, Write};
use std::net::TcpStream;

use tokio::task::block_in_place;

use crate::harness::{Background, Folder};

/// A good request for a WebSocket.
const HANDSHAKE: &[u8] =
    b"GET / HTTP/1.1\r\nhost: relay\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn one_address_has_as_many_connections_as_it_is_told() {
    let folder = Folder::new("relay-room", "");
    let mut relay = Background::start(&folder, "relay --listen 127.0.0.1:0 --per-address 1");
    let url = relay.field("url");
    let address = url.trim_start_matches("ws://");
    let connect = || TcpStream::connect(address).unwrap();
    let first = connect();
    let mut second = connect();
    // It may have been closed before.
    let _ = second.write_all(HANDSHAKE);
    let heard = block_in_place(|| second.read(&mut [0]));
    assert!(matches!(heard, Ok(0) | Err(_)), "it is closed without a word");
    drop(first);
    assert_eq!(relay.terminate(), Some(0));
}
