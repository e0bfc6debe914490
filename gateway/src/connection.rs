//! One connection: requests that are let in one by one, and looked after for as long as they last.

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
    auth,
    authorizer::{AuthorizationError, Authorizer},
    config::{Config, Limits},
    connection_quota::{ConnectionPermit, ConnectionQuota},
    error_response::{RequestError, ResponseBody},
    forward::forward,
    idle::{IdleTimer, IdleTracked},
    rate_limit::RateLimiter,
    receipts::{Receipts, attach_receipt, session_id},
    shutdown::{ShutdownSignal, wait},
    token::Claims,
    tunnel::Tunnel,
    unauthenticated::{PreAuthConnections, PreAuthPermit},
};

/// What all connections share.
#[derive(Debug)]
pub(crate) struct SharedState<D, R> {
    /// The settings.
    pub(crate) config: Config,
    /// Who may come in.
    pub(crate) authorizer: D,
    /// What guests take home.
    pub(crate) receipts: R,
    /// Who has not come in yet.
    pub(crate) pre_auth: Arc<PreAuthConnections>,
    /// How often guests ask.
    pub(crate) rate_limiter: RateLimiter,
    /// On which connections they sit.
    pub(crate) quota: Arc<ConnectionQuota>,
}

/// What is known of a connection.
struct ConnectionContext<D, R> {
    /// Where.
    shared: Arc<SharedState<D, R>>,
    /// When bytes came or went last.
    idle_timer: IdleTimer,
    /// Tells when others need the place.
    evict: Arc<Notify>,
    /// Whose it is.
    owner: Mutex<ConnectionOwner>,
    /// The WebSocket that it has become.
    tunnel: Mutex<Option<Tunnel>>,
}

/// Whose a connection is.
enum ConnectionOwner {
    /// Nobody's yet.
    Unauthenticated {
        /// Among those who have not come in.
        _permit: PreAuthPermit,
    },
    /// That of whoever was let in last.
    Authenticated {
        /// Who it is.
        claims: Claims,
        /// Among those who have.
        _permit: ConnectionPermit,
    },
}

/// Serves a connection until either side ends it, nobody may be served on it any longer, or `stopping`
/// tells so.
pub(crate) async fn serve<D: Authorizer, R: Receipts>(
    shared: Arc<SharedState<D, R>>,
    stream: TcpStream,
    permit: PreAuthPermit,
    shutdown: ShutdownSignal,
) {
    let stream = IdleTracked::new(stream);
    let context = Arc::new(ConnectionContext {
        shared,
        idle_timer: stream.idle_timer(),
        evict: permit.eviction(),
        owner: Mutex::new(ConnectionOwner::Unauthenticated { _permit: permit }),
        tunnel: Mutex::default(),
    });
    tokio::select! {
        () = serve_requests(&context, stream, shutdown) => {}
        () = wait_closed(&context) => {}
    }
}

/// Answers requests, then is a tunnel if one was agreed on.
async fn serve_requests<D: Authorizer, R: Receipts>(
    context: &Arc<ConnectionContext<D, R>>,
    stream: IdleTracked,
    mut shutdown: ShutdownSignal,
) {
    let service = service_fn(|request| {
        let context = Arc::clone(context);
        async move { Ok::<_, Infallible>(context.respond(request).await) }
    });
    let limits = context.limits();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // However it ended, it has ended.
        _ = &mut connection => {}
        () = wait(&mut shutdown) => {
            if context.claims().is_none() {
                return;
            }
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
    let tunnel = lock(&context.tunnel).take();
    if let Some(tunnel) = tunnel {
        tokio::select! {
            () = tunnel.run() => {}
            () = wait(&mut shutdown) => {}
        }
    }
}

/// Returns when a connection must end: one whose place others need, one that is silent for too long, and one
/// whose guest has lost the right to be here.
async fn wait_closed<D: Authorizer, R: Receipts>(context: &ConnectionContext<D, R>) {
    tokio::select! {
        () = context.evict.notified() => {}
        () = context.idle_timer.wait_idle(context.limits().idle_timeout) => {}
        () = context.wait_revoked() => {}
    }
}

impl<D, R> ConnectionContext<D, R> {
    /// How much of everything.
    fn limits(&self) -> &Limits {
        &self.shared.config.limits
    }

    /// Who was let in last.
    fn claims(&self) -> Option<Claims> {
        match &*lock(&self.owner) {
            ConnectionOwner::Authenticated { claims, .. } => Some(*claims),
            ConnectionOwner::Unauthenticated { .. } => None,
        }
    }

    /// Makes the connection a guest's.
    fn assign_owner(&self, claims: &Claims) -> Result<(), RequestError> {
        if self.claims() != Some(*claims) {
            let permit = self.shared.quota.acquire(claims, &self.evict)?;
            *lock(&self.owner) =
                ConnectionOwner::Authenticated { claims: *claims, _permit: permit };
        }
        Ok(())
    }
}

impl<D: Authorizer, R: Receipts> ConnectionContext<D, R> {
    /// The answer to a request: the service's, or why there is none.
    async fn respond(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let mut response =
            self.try_serve(request).await.unwrap_or_else(RequestError::into_response);
        if self.claims().is_none() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Lets a request in, passes it on, and gives a receipt.
    async fn try_serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, RequestError> {
        auth::check_target(request.method(), request.uri())?;
        let claims = auth::authenticate(request.headers(), &self.shared.config.secret)?;
        self.shared.rate_limiter.check(&claims)?;
        let upstream = self.shared.authorizer.authorize(&claims).await?;
        let session = session_id(request.headers())?;
        self.assign_owner(&claims)?;
        let (mut response, tunnel) =
            forward(request, &upstream, self.limits(), &self.idle_timer).await?;
        attach_receipt(&self.shared.receipts, &claims, session, &mut response).await;
        *lock(&self.tunnel) = tunnel;
        Ok(response)
    }

    /// Returns when the guest may not be served any longer.
    async fn wait_revoked(&self) {
        let mut ticker = interval(self.limits().reauthorize_interval);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticker.tick().await;
            let Some(claims) = self.claims() else { continue };
            let is_revoked = auth::is_expired(&claims)
                || matches!(self.shared.authorizer.authorize(&claims).await, Err(reason) if reason != AuthorizationError::Unavailable);
            if is_revoked {
                return;
            }
        }
    }
}

/// What is behind a lock; a panic elsewhere cannot leave it half written.
fn lock<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
