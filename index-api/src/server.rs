//! The server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::routing::get;
use muster_index::Index;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::connections::{ConnectionLimits, serve};
use crate::openapi::openapi_json;
use crate::options::ApiOptions;
use crate::routes;
use crate::state::ApiState;

/// The pause between two looks at the index for readers that stay.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// A server of an index. If it is dropped, it goes on until the process ends.
#[derive(Debug)]
pub struct ApiServer {
    /// Where it listens.
    address: SocketAddr,
    /// What its requests share.
    state: ApiState,
    /// Stops it.
    shutdown: CancellationToken,
    /// Serves.
    task: JoinHandle<()>,
}

impl ApiServer {
    /// Serves an index, which this or another process writes.
    ///
    /// # Errors
    /// If it cannot listen there.
    pub async fn start(index: Index, options: ApiOptions) -> io::Result<Self> {
        let listener = TcpListener::bind(options.listen).await?;
        let address = listener.local_addr()?;
        let limits = ConnectionLimits {
            is_behind_proxy: options.is_behind_proxy,
            write_timeout: options.write_timeout,
        };
        let shutdown = CancellationToken::new();
        let state = ApiState::new(index, options, shutdown.clone());
        let paths = routes::router().route("/openapi.json", get(openapi_json));
        let router = routes::limited(paths, state.clone());
        let (stopped, watched) = (shutdown.clone(), state.clone());
        let task = tokio::spawn(async move {
            let serving = serve(listener, router, limits, stopped.clone());
            tokio::join!(serving, stopped.run_until_cancelled(watch_index(&watched)));
        });
        Ok(Self { address, state, shutdown, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many readers of events are connected.
    #[must_use]
    pub fn readers(&self) -> usize {
        self.state.readers()
    }

    /// Stops it: requests that run are answered, streams end.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // It does not panic.
        drop(self.task.await);
    }
}

/// Tells readers when the index has changed, as long as there are any.
async fn watch_index(state: &ApiState) {
    let mut seen = Vec::new();
    loop {
        if state.changes.receiver_count() > 0 {
            let heads = state.read(|transaction| {
                let all = muster_index::query::status(transaction)?;
                Ok(all
                    .into_iter()
                    .map(|market| (market.head, market.head_hash))
                    .collect::<Vec<_>>())
            });
            if let Ok(heads) = heads.await
                && heads != seen
            {
                seen = heads;
                state.changes.send_modify(|count| *count = count.wrapping_add(1));
            }
        }
        sleep(LOOK_INTERVAL).await;
    }
}
