//! One WebSocket connection to a relay.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use hyper::Uri;
use nostr::message::{ClientMessage, RelayMessage};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, client_async_tls_with_config, connect_async_with_config,
};

use crate::proxy::ProxyUrl;

/// The timeout for connecting, and for sending one message.
const IO_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest message and frame from a relay, in bytes.
const FRAME_LIMIT: usize = 128 << 10;

/// The connection is closed or has failed.
#[derive(Debug)]
pub(super) struct Disconnected;

/// A WebSocket connection to a relay.
#[derive(Debug)]
pub(super) struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, with TLS for `wss://`, through a proxy if there is one.
    pub(super) async fn connect(url: &str, proxy: Option<&ProxyUrl>) -> Result<Self, Disconnected> {
        let config = WebSocketConfig::default()
            .read_buffer_size(16 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(FRAME_LIMIT.saturating_mul(2))
            .max_message_size(Some(FRAME_LIMIT))
            .max_frame_size(Some(FRAME_LIMIT));
        let connected = async {
            let Some(proxy) = proxy else {
                let connected = connect_async_with_config(url, Some(config), true).await;
                return connected.map_err(|_| Disconnected);
            };
            let uri: Uri = url.parse().map_err(|_| Disconnected)?;
            let port = if uri.scheme_str() == Some("wss") { 443 } else { 80 };
            let (host, port) = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(port));
            let stream = proxy.connect(host, port).await.map_err(|_| Disconnected)?;
            let connected = client_async_tls_with_config(url, stream, Some(config), None).await;
            connected.map_err(|_| Disconnected)
        };
        let (socket, _) = timeout(IO_TIMEOUT, connected).await.map_err(|_| Disconnected)??;
        Ok(Self(socket))
    }

    /// The relay's next message; `None` if it is not one of NIP-01. Cancel-safe.
    pub(super) async fn receive(&mut self) -> Result<Option<RelayMessage<'static>>, Disconnected> {
        match self.0.next().await.ok_or(Disconnected)?.map_err(|_| Disconnected)? {
            Message::Text(text) => Ok(RelayMessage::from_json(text.as_str()).ok()),
            Message::Close(_) => Err(Disconnected),
            _ => Ok(None),
        }
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, message: &ClientMessage<'_>) -> Result<(), Disconnected> {
        self.send_frame(Message::text(message.as_json())).await
    }

    /// Sends a ping.
    pub(super) async fn ping(&mut self) -> Result<(), Disconnected> {
        self.send_frame(Message::Ping(Vec::new().into())).await
    }

    /// Sends a frame within the timeout.
    async fn send_frame(&mut self, frame: Message) -> Result<(), Disconnected> {
        let sent = timeout(IO_TIMEOUT, self.0.send(frame)).await;
        sent.map_err(|_| Disconnected)?.map_err(|_| Disconnected)
    }
}
