//! WebSocket connections: requests as over HTTP, and notifications of subscriptions.

use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use hyper::upgrade::{self, OnUpgrade};
use hyper_util::rt::TokioIo;
use jsonrpsee::{
    core::BoxError,
    server::{HttpBody, HttpRequest, HttpResponse, Methods},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
    task::JoinSet,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::server::create_response_with_body,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{
    NodeContext,
    request::{MAX_REQUEST, TOO_MANY_REQUESTS, handle_body},
    subscriptions::{Connection, Requester},
};
use crate::chain::ChainThread;

/// Messages that a connection may buffer before its subscriptions have to wait.
const MAX_BUFFERED_MESSAGES: usize = 128;

/// Maximum requests of one connection that run at the same time.
const MAX_CONCURRENT_MESSAGES: usize = 128;

/// Accepts WebSocket connections.
#[derive(Clone, Debug)]
pub(super) struct WebSocketAcceptor {
    /// All methods.
    methods: Methods,
    /// The chain, for subscriptions.
    chain_thread: ChainThread<NodeContext>,
    /// One permit per connection.
    permits: Arc<Semaphore>,
    /// Closed when the server stops.
    stop: watch::Receiver<()>,
}

impl WebSocketAcceptor {
    /// Accepts at most `limit` connections at a time, which end when the sender of `stop` is
    /// dropped.
    pub(super) fn new(
        methods: Methods,
        chain_thread: ChainThread<NodeContext>,
        limit: u16,
        stop: watch::Receiver<()>,
    ) -> Self {
        Self { methods, chain_thread, permits: Arc::new(Semaphore::new(limit.into())), stop }
    }

    /// Answers the request that opens a connection, and serves the connection from then on.
    ///
    /// # Errors
    /// If the request is not a valid handshake.
    pub(super) fn accept(&self, mut request: HttpRequest) -> Result<HttpResponse, BoxError> {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            let response = HttpResponse::builder().status(TOO_MANY_REQUESTS);
            return Ok(response.body(HttpBody::empty())?);
        };
        let response = create_response_with_body(&request, HttpBody::empty)?;
        tokio::spawn(self.clone().serve(upgrade::on(&mut request), permit));
        Ok(response)
    }

    /// Serves a connection until either side closes it or the server stops.
    async fn serve(self, upgraded: OnUpgrade, _permit: OwnedSemaphorePermit) {
        let Ok(upgraded) = upgraded.await else { return };
        let limit = usize::try_from(MAX_REQUEST).ok();
        let config = WebSocketConfig::default().max_message_size(limit).max_frame_size(limit);
        let stream = TokioIo::new(upgraded);
        let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        let (outgoing, mut messages) = mpsc::channel(MAX_BUFFERED_MESSAGES);
        let connection = Arc::new(Connection::new(self.chain_thread, outgoing));
        let (methods, mut stop) = (self.methods, self.stop);
        // Requests that still run are cancelled at the end.
        let mut running = JoinSet::new();
        loop {
            let message = tokio::select! {
                _ = stop.changed() => break,
                Some(_) = running.join_next() => continue,
                Some(message) = messages.recv() => message,
                incoming = socket.next(), if running.len() < MAX_CONCURRENT_MESSAGES => {
                    let body = match incoming {
                        Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                        Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                        Some(Err(_)) | None => break,
                        // Pings and the closing handshake are answered by the next read.
                        Some(Ok(_)) => continue,
                    };
                    running.spawn(answer(methods.clone(), Arc::clone(&connection), body));
                    continue;
                }
            };
            let sent = tokio::select! {
                _ = stop.changed() => break,
                sent = socket.send(Message::from(message)) => sent,
            };
            if sent.is_err() {
                break;
            }
        }
        connection.close();
    }
}

/// Answers a message; its subscriptions start after the response.
async fn answer(methods: Methods, connection: Arc<Connection>, body: Vec<u8>) {
    let mut requester = Requester::new(&connection);
    let response = handle_body(&methods, &body, Some(&mut requester)).await;
    if response.is_empty() || connection.send(response).await {
        requester.start();
    }
}
