//! A WebSocket: bytes both ways between guest and service, until either hangs up.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::exchange::Driver;

/// Both ends of a WebSocket that has been agreed on.
#[derive(Debug)]
pub(crate) struct Tunnel {
    /// The guest's end.
    pub(crate) guest: OnUpgrade,
    /// The service's end.
    pub(crate) service: OnUpgrade,
    /// What hands over the service's end.
    pub(crate) driver: Driver,
}

impl Tunnel {
    /// Passes bytes until either side hangs up, which is how it ends well and badly alike.
    pub(crate) async fn run(self) {
        let Self { guest, service, driver: _driver } = self;
        let (Ok(guest), Ok(service)) = (guest.await, service.await) else { return };
        drop(copy_bidirectional(&mut TokioIo::new(guest), &mut TokioIo::new(service)).await);
    }
}
