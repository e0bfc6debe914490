//! A running gateway, and how it is started and stopped.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::{
    authorizer::Authorizer,
    config::Config,
    connection::{SharedState, serve},
    connection_quota::ConnectionQuota,
    error::GatewayError,
    rate_limit::RateLimiter,
    receipts::Receipts,
    shutdown::{ShutdownSignal, wait},
    unauthenticated::PreAuthConnections,
};

/// How long nobody is taken in when the system has no room for a connection.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

/// A gateway that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    address: SocketAddr,
    /// Tells all connections to end.
    shutdown: watch::Sender<bool>,
    /// Takes connections in.
    task: JoinHandle<()>,
}

impl Gateway {
    /// Starts a gateway and returns when it listens.
    ///
    /// # Errors
    /// [`GatewayError::Listen`].
    pub async fn start<D: Authorizer, R: Receipts>(
        mut config: Config,
        authorizer: D,
        receipts: R,
    ) -> Result<Self, GatewayError> {
        let listener = TcpListener::bind(config.listen).await.map_err(GatewayError::Listen)?;
        let address = listener.local_addr().map_err(GatewayError::Listen)?;
        config.limits = config.limits.clamped();
        let pre_auth = PreAuthConnections::new(config.limits.unauthenticated_connections);
        let (rate_limiter, quota) =
            (RateLimiter::new(&config.limits), ConnectionQuota::new(&config.limits));
        let shared =
            Arc::new(SharedState { config, authorizer, receipts, pre_auth, rate_limiter, quota });
        let (shutdown, signal) = watch::channel(false);
        let task = tokio::spawn(accept_loop(listener, shared, signal));
        Ok(Self { address, shutdown, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes nobody in any more, ends every WebSocket, and waits until answers have ended, for
    /// [`crate::Limits::grace`] at most.
    pub async fn stop(mut self) {
        self.shutdown.send_replace(true);
        // It is ours alone, and nothing in it panics.
        drop((&mut self.task).await);
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes connections in until told to stop.
async fn accept_loop<D: Authorizer, R: Receipts>(
    listener: TcpListener,
    shared: Arc<SharedState<D, R>>,
    mut shutdown: ShutdownSignal,
) {
    let mut connections = JoinSet::new();
    let grace = shared.config.limits.shutdown_timeout;
    loop {
        tokio::select! {
            () = wait(&mut shutdown) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let permit = shared.pre_auth.acquire();
                    connections.spawn(serve(Arc::clone(&shared), stream, permit, shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "no room for a connection");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            },
        }
    }
    drop(listener);
    let ended = timeout(grace, async { while connections.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        connections.shutdown().await;
    }
}
