//! A running gateway: start, accept loop and stop.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    authorizer::Authorizer,
    config::Config,
    connection::{SharedState, serve},
    connection_quota::ConnectionQuota,
    error::GatewayError,
    rate_limit::RateLimiter,
    receipts::Receipts,
    unauthenticated::PreAuthConnections,
};

/// The pause after a failed `accept`, usually for want of file descriptors.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(20);

/// A gateway that runs until it is stopped or dropped. A drop closes all connections at once.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    address: SocketAddr,
    /// Cancelled by [`Self::stop`].
    shutdown: CancellationToken,
    /// The accept loop, which owns the connections' tasks.
    task: AbortOnDropHandle<()>,
}

impl Gateway {
    /// Starts a gateway; it listens when this returns. Limits that hyper or tokio cannot enforce are
    /// replaced by the nearest that they can, see [`crate::Limits`].
    ///
    /// # Errors
    /// [`GatewayError::Listen`].
    pub async fn start<A: Authorizer, R: Receipts>(
        mut config: Config,
        authorizer: A,
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
        let shutdown = CancellationToken::new();
        let task =
            AbortOnDropHandle::new(tokio::spawn(accept_loop(listener, shared, shutdown.clone())));
        Ok(Self { address, shutdown, task })
    }

    /// The address that the gateway listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops the gateway.
    ///
    /// New connections are refused from now on; unauthenticated connections, idle ones and tunnels end at
    /// once; responses in progress end within [`crate::Limits::shutdown_timeout`] or are cut. If the returned
    /// future is dropped, everything ends at once.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // The task is neither aborted nor does it panic.
        drop(self.task.await);
    }
}

/// Accepts connections until `shutdown` is cancelled, then waits for those that are open.
async fn accept_loop<A: Authorizer, R: Receipts>(
    listener: TcpListener,
    shared: Arc<SharedState<A, R>>,
    shutdown: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.cancelled() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let permit = shared.pre_auth.acquire();
                    connections.spawn(serve(Arc::clone(&shared), stream, permit, shutdown.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, retry_in = ?ACCEPT_RETRY_DELAY, "accept failed");
                    sleep(ACCEPT_RETRY_DELAY).await;
                }
            },
        }
    }
    drop(listener);
    let all_ended = async { while connections.join_next().await.is_some() {} };
    if timeout(shared.config.limits.shutdown_timeout, all_ended).await.is_err() {
        connections.shutdown().await;
    }
}
