//! One end of a WebSocket, without a library that reads ahead.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::Chain;

/// A connection.
pub(crate) struct Socket(TcpStream);

impl Socket {
    /// Opens a connection.
    pub(crate) async fn open(chain: &Chain) -> Self {
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

    /// Sends a request with the id 1.
    pub(crate) async fn send(&mut self, method: &str, params: Value) {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        self.send_text(&request.to_string()).await;
    }

    /// Sends a text.
    pub(crate) async fn send_text(&mut self, text: &str) {
        let length = u16::try_from(text.len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let frame = [&[0x81, 0xfe, high, low, 0, 0, 0, 0], text.as_bytes()].concat();
        self.0.write_all(&frame).await.unwrap();
    }

    /// Sends the head of a text of this length.
    pub(crate) async fn announce_text(&mut self, length: u64) {
        let head = [&[0x81, 0xff], length.to_be_bytes().as_slice(), &[0; 4]].concat();
        self.0.write_all(&head).await.unwrap();
    }

    /// Sends a close frame without a reason, and waits for the one that answers it.
    pub(crate) async fn close(&mut self) {
        self.0.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
        assert_eq!(self.0.read_u16().await.unwrap(), 0x8800);
    }

    /// Waits until the other side sends something, and returns whether it closed the connection.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.0.read_u8().await.is_err()
    }

    /// Receives the next message.
    pub(crate) async fn receive(&mut self) -> Value {
        serde_json::from_str(&self.receive_text().await).unwrap()
    }

    /// Receives the next message as text.
    pub(crate) async fn receive_text(&mut self) -> String {
        assert_eq!(self.0.read_u8().await.unwrap(), 0x81, "a whole text");
        let length = match self.0.read_u8().await.unwrap() {
            126 => u64::from(self.0.read_u16().await.unwrap()),
            127 => self.0.read_u64().await.unwrap(),
            length => u64::from(length),
        };
        let mut text = vec![0; usize::try_from(length).unwrap()];
        self.0.read_exact(&mut text).await.unwrap();
        String::from_utf8(text).unwrap()
    }

    /// Sends a request, and receives its response. No notification may come before it.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> Value {
        self.send(method, params).await;
        self.receive().await
    }

    /// At most `count` messages within a time.
    pub(crate) async fn receive_within(&mut self, count: usize, time: Duration) -> Vec<Value> {
        let mut messages = Vec::new();
        let all = async {
            while messages.len() < count {
                messages.push(self.receive().await);
            }
        };
        // Fewer messages are an answer too.
        let _ = timeout(time, all).await;
        messages
    }
}
