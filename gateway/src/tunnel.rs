//! A WebSocket: bytes both ways between guest and service, until either hangs up.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::forward::ConnectionTask;

/// Both ends of a WebSocket that has been agreed on.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// The guest's end.
    pub(crate) client: OnUpgrade,
    /// The service's end.
    pub(crate) service: OnUpgrade,
    /// What hands over the service's end.
    pub(crate) task: ConnectionTask,
}

impl Tunnel {
    /// Passes bytes until either side hangs up, which is how it ends well and badly alike.
    pub(crate) async fn run(self) {
        let Self { client, service, task: _task } = self;
        let (Ok(client), Ok(service)) = (client.await, service.await) else { return };
        drop(copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(service)).await);
    }
}
