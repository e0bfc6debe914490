//! Connections: how many there are, and the end of those that stand still.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client_address::{ClientKey, Peer};

/// The most connections.
const MAX_CONNECTIONS: usize = 1_024;

/// The most connections of one client, unless all come through a proxy.
const MAX_CONNECTIONS_OF_CLIENT: usize = 64;

/// A connection that sends no whole request for so long is closed.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long requests may take to end when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after the system refused a connection.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What is asked of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionLimits {
    /// Whether all come through a proxy.
    pub(crate) is_behind_proxy: bool,
    /// One that takes nothing of what is sent for so long is closed.
    pub(crate) write_timeout: Duration,
}

/// How many connections each client has.
#[derive(Clone, Debug, Default)]
struct ClientConnections(Arc<Mutex<HashMap<ClientKey, usize>>>);

/// A connection that counts; until it is dropped.
#[derive(Debug)]
struct Counted {
    /// All.
    all: ClientConnections,
    /// Whose it is.
    key: ClientKey,
}

impl ClientConnections {
    /// Counts a connection; `None` if the client has too many.
    fn count(&self, key: ClientKey) -> Option<Counted> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        if *count >= MAX_CONNECTIONS_OF_CLIENT {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Counted { all: self.clone(), key })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// What a connection holds while it lasts.
type Slot = (OwnedSemaphorePermit, Option<Counted>);

/// Serves until `shutdown`, and until the requests of then have ended.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: CancellationToken,
) {
    let (slots, clients) =
        (Arc::new(Semaphore::new(MAX_CONNECTIONS)), ClientConnections::default());
    let tasks = TaskTracker::new();
    let accept_all = async {
        loop {
            // The semaphore is never closed.
            let Ok(permit) = Arc::clone(&slots).acquire_owned().await else { return };
            let (stream, address) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted: check the limit of open files");
                    sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let counted = if limits.is_behind_proxy {
                None
            } else {
                let counted = clients.count(ClientKey::of(address.ip()));
                if counted.is_none() {
                    continue;
                }
                counted
            };
            let router = router.clone().layer(Extension(Peer(address)));
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(limits.write_timeout));
            tasks.spawn(serve_connection(stream, router, (permit, counted), shutdown.clone()));
        }
    };
    shutdown.run_until_cancelled(accept_all).await;
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// Serves one connection.
async fn serve_connection(
    stream: TimeoutStream<TcpStream>,
    router: Router,
    slot: Slot,
    shutdown: CancellationToken,
) {
    let io: TokioIo<Pin<Box<TimeoutStream<TcpStream>>>> = TokioIo::new(Box::pin(stream));
    let service = TowerToHyperService::new(router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    if shutdown.run_until_cancelled(connection.as_mut()).await.is_none() {
        connection.as_mut().graceful_shutdown();
        drop(timeout(SHUTDOWN_TIMEOUT, connection).await);
    }
    drop(slot);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_so_many_connections_and_no_more() {
        let clients = ClientConnections::default();
        let [one, other] = ["1.2.3.4", "1.2.3.5"].map(|text| ClientKey::of(text.parse().unwrap()));
        let mut held: Vec<_> =
            (0..MAX_CONNECTIONS_OF_CLIENT).map(|_| clients.count(one).unwrap()).collect();
        assert!(clients.count(one).is_none());
        assert!(clients.count(other).is_some(), "others are not affected");
        held.pop();
        assert!(clients.count(one).is_some());
        held.clear();
        assert!(clients.0.lock().unwrap().is_empty(), "nothing is kept of clients that left");
    }
}
