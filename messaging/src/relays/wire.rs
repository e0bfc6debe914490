//! One WebSocket connection to a relay.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use nostr::message::{ClientMessage, RelayMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

/// How long a relay may take to connect, and to take one message.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest message from a relay, in bytes.
const MESSAGE_LIMIT: usize = 128 << 10;

/// The connection is cut.
#[derive(Debug)]
pub(super) struct Cut;

/// A connection to a relay.
#[derive(Debug)]
pub(super) struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    /// Connects.
    pub(super) async fn connect(url: &str) -> Result<Self, Cut> {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(MESSAGE_LIMIT.saturating_mul(2))
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let connected = connect_async_with_config(url, Some(config), true);
        let (socket, _) = timeout(PATIENCE, connected).await.map_err(|_| Cut)?.map_err(|_| Cut)?;
        Ok(Self(socket))
    }

    /// The next thing that the relay says; `None` for what is not understood. Can be cut off anywhere.
    pub(super) async fn hear(&mut self) -> Result<Option<RelayMessage<'static>>, Cut> {
        match self.0.next().await.ok_or(Cut)?.map_err(|_| Cut)? {
            Message::Text(text) => Ok(RelayMessage::from_json(text.as_str()).ok()),
            Message::Close(_) => Err(Cut),
            _ => Ok(None),
        }
    }

    /// Says something.
    pub(super) async fn say(&mut self, message: &ClientMessage<'_>) -> Result<(), Cut> {
        self.push(Message::text(message.as_json())).await
    }

    /// Asks for a sign of life.
    pub(super) async fn knock(&mut self) -> Result<(), Cut> {
        self.push(Message::Ping(Vec::new().into())).await
    }

    /// Sends a frame.
    async fn push(&mut self, frame: Message) -> Result<(), Cut> {
        let sent = timeout(PATIENCE, self.0.send(frame)).await;
        sent.map_err(|_| Cut)?.map_err(|_| Cut)
    }
}
