//! One client connection: each request is authorized, and what is served is authorized again periodically.

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
use tokio_util::sync::CancellationToken;

use crate::{
    auth,
    authorizer::{AuthorizationError, Authorizer},
    body::ResponseBody,
    client_stream::client_stream,
    config::{Config, Limits},
    connection_quota::{ConnectionPermit, ConnectionQuota},
    error_response::RequestError,
    forward::forward,
    idle::{IdleTimer, IdleTracked},
    rate_limit::RateLimiter,
    receipts::{Receipts, attach_receipt, session_id},
    token::Claims,
    tunnel::Tunnel,
    unauthenticated::{PreAuthConnections, PreAuthPermit},
    upstream::Upstream,
};

/// State that all connections share.
#[derive(Debug)]
pub(crate) struct SharedState<A, R> {
    /// The settings.
    pub(crate) config: Config,
    /// Decides who is served.
    pub(crate) authorizer: A,
    /// Issues receipts.
    pub(crate) receipts: R,
    /// The unauthenticated connections.
    pub(crate) pre_auth: Arc<PreAuthConnections>,
    /// The request rates.
    pub(crate) rate_limiter: RateLimiter,
    /// The authenticated connections.
    pub(crate) quota: Arc<ConnectionQuota>,
}

/// The state of one connection.
struct ConnectionContext<A, R> {
    /// What it shares with all others.
    shared: Arc<SharedState<A, R>>,
    /// When bytes last passed.
    idle_timer: IdleTimer,
    /// Evicts the connection.
    evict: Arc<Notify>,
    /// Whose it is.
    owner: Mutex<ConnectionOwner>,
    /// The WebSocket that the connection becomes after its HTTP part.
    tunnel: Mutex<Option<Tunnel>>,
}

/// The owner of a connection.
enum ConnectionOwner {
    /// No request was let in yet.
    Unauthenticated {
        /// Counts the connection as unauthenticated.
        _permit: PreAuthPermit,
    },
    /// The holder of the token that was let in last.
    Authenticated {
        /// The token's claims.
        claims: Claims,
        /// Counts the connection for the key.
        _permit: ConnectionPermit,
    },
}

/// Serves a connection until either side closes it, it is evicted, idle or no longer authorized, or
/// `shutdown` is cancelled and its response in progress has ended.
pub(crate) async fn serve<A: Authorizer, R: Receipts>(
    shared: Arc<SharedState<A, R>>,
    stream: TcpStream,
    permit: PreAuthPermit,
    shutdown: CancellationToken,
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
        () = serve_requests(&context, stream, &shutdown) => {}
        () = wait_closed(&context) => {}
    }
}

/// Serves requests after the handshake, then the tunnel if the service upgraded to WebSocket.
async fn serve_requests<A: Authorizer, R: Receipts>(
    context: &Arc<ConnectionContext<A, R>>,
    stream: IdleTracked,
    shutdown: &CancellationToken,
) {
    let service = service_fn(|request| {
        let context = Arc::clone(context);
        async move { Ok::<_, Infallible>(context.respond(request).await) }
    });
    let limits = context.limits();
    let stream = tokio::select! {
        stream = client_stream(stream, &context.shared.config) => stream,
        () = shutdown.cancelled() => None,
    };
    let Some(stream) = stream else { return };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // An error ends a connection like a disconnect.
        _ = &mut connection => {}
        () = shutdown.cancelled() => {
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
            () = shutdown.cancelled() => {}
        }
    }
}

/// Returns when a connection must end: it is evicted, idle for too long, or no longer authorized.
async fn wait_closed<A: Authorizer, R: Receipts>(context: &ConnectionContext<A, R>) {
    tokio::select! {
        () = context.evict.notified() => {}
        () = context.idle_timer.wait_idle(context.limits().idle_timeout) => {}
        () = context.wait_revoked() => {}
    }
}

impl<A, R> ConnectionContext<A, R> {
    /// The gateway's limits.
    fn limits(&self) -> &Limits {
        &self.shared.config.limits
    }

    /// The claims of the owner, if the connection is authenticated.
    fn claims(&self) -> Option<Claims> {
        match &*lock(&self.owner) {
            ConnectionOwner::Authenticated { claims, .. } => Some(*claims),
            ConnectionOwner::Unauthenticated { .. } => None,
        }
    }

    /// Makes the claims' key the owner of the connection.
    fn assign_owner(&self, claims: &Claims) -> Result<(), RequestError> {
        if self.claims() != Some(*claims) {
            let permit = self.shared.quota.acquire(claims, &self.evict)?;
            *lock(&self.owner) =
                ConnectionOwner::Authenticated { claims: *claims, _permit: permit };
        }
        Ok(())
    }
}

impl<A: Authorizer, R: Receipts> ConnectionContext<A, R> {
    /// The response to a request: the service's or an error's. Unauthenticated connections close after it.
    async fn respond(&self, request: Request<Incoming>) -> Response<ResponseBody> {
        let mut response =
            self.try_serve(request).await.unwrap_or_else(RequestError::into_response);
        if self.claims().is_none() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Authorizes a request, and serves it.
    async fn try_serve(
        &self,
        request: Request<Incoming>,
    ) -> Result<Response<ResponseBody>, RequestError> {
        auth::check_target(request.method(), request.uri())?;
        let claims = auth::authenticate(request.headers(), &self.shared.config.secret)?;
        self.shared.rate_limiter.check(&claims)?;
        let upstream = self.shared.authorizer.authorize(&claims).await?;
        let (method, target) = (request.method().clone(), request.uri().clone());
        let served = self.serve_authorized(request, &claims, &upstream).await;
        let status = match &served {
            Ok(response) => response.status(),
            Err(error) => error.status_and_code().0,
        };
        self.shared.receipts.on_answer(&claims, &method, target.path(), status);
        served
    }

    /// Forwards a request, and adds a receipt to the response.
    async fn serve_authorized(
        &self,
        request: Request<Incoming>,
        claims: &Claims,
        upstream: &Upstream,
    ) -> Result<Response<ResponseBody>, RequestError> {
        let session = session_id(request.headers())?;
        self.assign_owner(claims)?;
        let (mut response, tunnel) =
            forward(request, upstream, self.limits(), &self.idle_timer).await?;
        attach_receipt(&self.shared.receipts, claims, session, &mut response).await;
        *lock(&self.tunnel) = tunnel;
        Ok(response)
    }

    /// Returns when the owner may not be served any longer. Unavailable authorization revokes nothing.
    async fn wait_revoked(&self) {
        let mut ticker = interval(self.limits().reauthorize_interval);
        ticker.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticker.tick().await;
            let Some(claims) = self.claims() else { continue };
            let is_revoked = auth::is_expired(&claims)
                || matches!(
                    self.shared.authorizer.authorize(&claims).await,
                    Err(error) if error != AuthorizationError::Unavailable
                );
            if is_revoked {
                return;
            }
        }
    }
}

/// Locks a mutex; a panic elsewhere cannot leave its value inconsistent.
fn lock<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
