//! Subscribers that do not read, over a bare WebSocket: they receive what fits into the buffers,
//! without a gap, and then the end of the subscription.

use alloy::primitives::U64;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{hostile::assert_healthy, support::Chain};

/// Number of blocks whose headers fill every buffer between the chain and a subscriber.
const BLOCKS: u64 = 15_000;

/// One end of a WebSocket, without a library that reads ahead.
struct Socket(TcpStream);

impl Socket {
    /// Opens a connection.
    async fn open(chain: &Chain) -> Self {
        let address = chain.node.url();
        let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
        let head = "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        while !response.ends_with(b"\r\n\r\n") {
            response.push(stream.read_u8().await.unwrap());
        }
        assert!(response.starts_with(b"HTTP/1.1 101"));
        Self(stream)
    }

    /// Sends a short message.
    async fn send(&mut self, method: &str, params: Value) {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let text = request.to_string();
        let length = u8::try_from(text.len()).ok().filter(|&length| length < 126).unwrap();
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.write_all(&frame).await.unwrap();
    }

    /// Receives the next message.
    async fn receive(&mut self) -> Value {
        assert_eq!(self.0.read_u8().await.unwrap(), 0x81, "a whole text");
        let length = match self.0.read_u8().await.unwrap() {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            length => u64::from(length),
        };
        let mut text = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut text).await.unwrap();
        serde_json::from_slice(&text).unwrap()
    }
}

#[tokio::test]
async fn a_slow_subscriber_gets_no_gap_but_an_end() {
    let chain = Chain::start().await;
    let mut socket = Socket::open(&chain).await;
    socket.send("eth_subscribe", json!(["newHeads"])).await;
    let subscription = socket.receive().await["result"].take();
    chain.rpc("anvil_mine", json!([U64::from(BLOCKS)])).await;
    assert_healthy(&chain).await;

    let mut next = 8;
    let end = loop {
        let params = socket.receive().await["params"].take();
        assert_eq!(params["subscription"], subscription);
        let Some(height) = params["result"]["number"].as_str() else { break params };
        assert_eq!(height, format!("{next:#x}"));
        next += 1;
    };
    let text = end["error"].as_str().unwrap();
    let missed = text.strip_prefix("subscription ended: the subscriber is ").unwrap();
    let missed: u64 = missed.strip_suffix(" blocks behind").unwrap().parse().unwrap();
    assert!((1..BLOCKS).contains(&missed), "{missed}");

    socket.send("eth_unsubscribe", json!([subscription])).await;
    assert_eq!(socket.receive().await["result"], false, "the subscription has ended");
    socket.send("eth_subscribe", json!(["newHeads"])).await;
    assert!(socket.receive().await["result"].is_string(), "it may subscribe again");
    chain.node.mine().await.unwrap();
    let head = socket.receive().await;
    assert_eq!(head["params"]["result"]["number"], format!("{:#x}", BLOCKS + 8));
}
