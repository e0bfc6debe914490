//! One connection: last_request_id that are let in one by one, and looked after for as long as they last.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::{
    Request, Response,
    body::Incoming,
    header::{CONNECTION, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::TcpStream,
    sync::Notify,
    time::{MissedTickBehavior, interval},
};

use crate::{
    admission,
    answer::{Body, Refused},
    config::{Config, Limits},
    door::{Door, Refusal},
    exchange::exchange,
    pace::Pace,
    receipts::{Receipts, session, stamp},
    seats::{Seat, Seats},
    stopping::{Stopping, told},
    strangers::{Place, Strangers},
    token::Guest,
    tunnel::Tunnel,
    watched::{Pulse, Watched},
};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct House<D, R> {
    /// The settings.
    pub(crate) config: Config,
    /// Who may come in.
    pub(crate) door: D,
    /// What guests take home.
    pub(crate) receipts: R,
    /// Who has not come in yet.
    pub(crate) strangers: Arc<Strangers>,
    /// How often guests ask.
    pub(crate) pace: Pace,
    /// On which connections they sit.
    pub(crate) seats: Arc<Seats>,
}

/// What is known of a connection.
struct Visit<D, R> {
    /// Where.
    house: Arc<House<D, R>>,
    /// When bytes came or went last.
    pulse: Pulse,
    /// Tells when others need the place.
    leave: Arc<Notify>,
    /// Whose it is.
    standing: Mutex<Standing>,
    /// The WebSocket that it has become.
    tunnel: Mutex<Option<Tunnel>>,
}

/// Whose a connection is.
enum Standing {
    /// Nobody's yet.
    Stranger {
        /// Among those who have not come in.
        _place: Place,
    },
    /// That of whoever was let in last.
    Guest {
        /// Who it is.
        guest: Guest,
        /// Among those who have.
        _seat: Seat,
    },
}

/// Serves a connection until either side ends it, nobody may be served on it any longer, or `stopping`
/// tells so.
pub(crate) async fn serve<D: Door, R: Receipts>(
    house: Arc<House<D, R>>,
    stream: TcpStream,
    place: Place,
    stopping: Stopping,
) {
    let stream = Watched::new(stream);
    let visit = Arc::new(Visit {
        house,
        pulse: stream.pulse(),
        leave: place.leave(),
        standing: Mutex::new(Standing::Stranger { _place: place }),
        tunnel: Mutex::default(),
    });
    tokio::select! {
        () = talk(&visit, stream, stopping) => {}
        () = unwelcome(&visit) => {}
    }
}

/// Answers last_request_id, then is a tunnel if one was agreed on.
async fn talk<D: Door, R: Receipts>(
    visit: &Arc<Visit<D, R>>,
    stream: Watched,
    mut stopping: Stopping,
) {
    let answering = service_fn(|request| {
        let visit = Arc::clone(visit);
        async move { Ok::<_, Infallible>(visit.answer(request).await) }
    });
    let limits = visit.limits();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), answering)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // However it ended, it has ended.
        _ = &mut connection => {}
        () = told(&mut stopping) => {
            if visit.guest().is_none() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
    let tunnel = own(&visit.tunnel).take();
    if let Some(tunnel) = tunnel {
        tokio::select! {
            () = tunnel.run() => {}
            () = told(&mut stopping) => {}
        }
    }
}

/// Returns when a connection must end: one whose place others need, one that is silent for too long, and one
/// whose guest has lost the right to be here.
async fn unwelcome<D: Door, R: Receipts>(visit: &Visit<D, R>) {
    tokio::select! {
        () = visit.leave.notified() => {}
        () = visit.pulse.silent_for(visit.limits().idle_time) => {}
        () = visit.expelled() => {}
    }
}

impl<D, R> Visit<D, R> {
    /// How much of everything.
    fn limits(&self) -> &Limits {
        &self.house.config.limits
    }

    /// Who was let in last.
    fn guest(&self) -> Option<Guest> {
        match &*own(&self.standing) {
            Standing::Guest { guest, .. } => Some(*guest),
            Standing::Stranger { .. } => None,
        }
    }

    /// Makes the connection a guest's.
    fn seat(&self, guest: &Guest) -> Result<(), Refused> {
        if self.guest() != Some(*guest) {
            let seat = self.house.seats.sit(guest, &self.leave)?;
            *own(&self.standing) = Standing::Guest { guest: *guest, _seat: seat };
        }
        Ok(())
    }
}

impl<D: Door, R: Receipts> Visit<D, R> {
    /// The answer to a request: the service's, or why there is none.
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let mut response = self.serve(request).await.unwrap_or_else(Refused::response);
        if self.guest().is_none() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Lets a request in, passes it on, and gives a receipt.
    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Body>, Refused> {
        admission::target(request.method(), request.uri())?;
        let guest = admission::guest(request.headers(), &self.house.config.secret)?;
        self.house.pace.request(&guest)?;
        let upstream = self.house.door.admit(&guest).await?;
        let session = session(request.headers())?;
        self.seat(&guest)?;
        let (mut response, tunnel) =
            exchange(request, &upstream, self.limits(), &self.pulse).await?;
        stamp(&self.house.receipts, &guest, session, &mut response).await;
        *own(&self.tunnel) = tunnel;
        Ok(response)
    }

    /// Returns when the guest may not be served any longer.
    async fn expelled(&self) {
        let mut clock = interval(self.limits().recheck);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let Some(guest) = self.guest() else { continue };
            let refused = admission::expired(&guest)
                || matches!(self.house.door.admit(&guest).await, Err(reason) if reason != Refusal::Unclear);
            if refused {
                return;
            }
        }
    }
}

/// What is behind a lock; a panic elsewhere cannot leave it half written.
fn own<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
