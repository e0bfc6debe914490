//! A WebSocket: bytes in both directions between client and service until either disconnects.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio_util::task::AbortOnDropHandle;

/// Both ends of an accepted WebSocket upgrade.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// The client's end.
    pub(crate) client: OnUpgrade,
    /// The service's end.
    pub(crate) service: OnUpgrade,
    /// Drives the service's connection until it hands over `service`.
    pub(crate) task: AbortOnDropHandle<()>,
}

impl Tunnel {
    /// Copies bytes until either side disconnects. An I/O error ends a tunnel like a disconnect.
    pub(crate) async fn run(self) {
        let Self { client, service, task: _task } = self;
        let (Ok(client), Ok(service)) = (client.await, service.await) else { return };
        drop(copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(service)).await);
    }
}
