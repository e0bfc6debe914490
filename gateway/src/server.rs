//! A running gateway, and how it is started and stopped.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    net::TcpListener,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{sleep, timeout},
};

use crate::{
    config::Config,
    connection::{House, serve},
    door::Door,
    error::GatewayError,
    pace::Pace,
    receipts::Receipts,
    seats::Seats,
    stopping::{Stopping, told},
    strangers::Strangers,
};

/// How long nobody is taken in when the system has no room for a connection.
const BREATH: Duration = Duration::from_millis(20);

/// A gateway that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Gateway {
    /// Where it listens.
    address: SocketAddr,
    /// Tells all connections to end.
    stopping: watch::Sender<bool>,
    /// Takes connections in.
    task: JoinHandle<()>,
}

impl Gateway {
    /// Starts a gateway and returns when it listens.
    ///
    /// # Errors
    /// [`GatewayError::Listen`].
    pub async fn start<D: Door, R: Receipts>(
        mut config: Config,
        door: D,
        receipts: R,
    ) -> Result<Self, GatewayError> {
        let listener = TcpListener::bind(config.listen).await.map_err(GatewayError::Listen)?;
        let address = listener.local_addr().map_err(GatewayError::Listen)?;
        config.limits = config.limits.kept();
        let strangers = Strangers::new(config.limits.strangers);
        let (pace, seats) = (Pace::new(&config.limits), Seats::new(&config.limits));
        let house = Arc::new(House { config, door, receipts, strangers, pace, seats });
        let (stopping, stopped) = watch::channel(false);
        let task = tokio::spawn(listen(listener, house, stopped));
        Ok(Self { address, stopping, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes nobody in any more, ends every WebSocket, and waits until answers have ended, for
    /// [`crate::Limits::grace`] at most.
    pub async fn stop(mut self) {
        self.stopping.send_replace(true);
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
async fn listen<D: Door, R: Receipts>(
    listener: TcpListener,
    house: Arc<House<D, R>>,
    mut stopping: Stopping,
) {
    let mut connections = JoinSet::new();
    let grace = house.config.limits.grace;
    loop {
        tokio::select! {
            () = told(&mut stopping) => break,
            Some(_) = connections.join_next() => {}
            taken = listener.accept() => match taken {
                Ok((stream, _)) => {
                    let place = house.strangers.enter();
                    connections.spawn(serve(Arc::clone(&house), stream, place, stopping.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "no room for a connection");
                    sleep(BREATH).await;
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
