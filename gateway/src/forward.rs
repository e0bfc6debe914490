//! One request and its answer: a connection to the service that nothing else uses, bodies streamed both
//! ways, and a tunnel if both sides want a WebSocket.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use http_body_util::{Either, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body as _, Bytes, Frame, Incoming, SizeHint},
    client::conn::http1,
    upgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};

use crate::{
    config::Limits,
    error_response::{RequestError, ResponseBody},
    headers,
    idle::IdleTimer,
    tunnel::Tunnel,
    upstream::Upstream,
};

/// A connection to the service, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionTask(JoinHandle<()>);

impl Drop for ConnectionTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of the service's answer, without trailers, and the connection that it comes over.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    /// The body.
    body: Incoming,
    /// What brings it.
    _task: ConnectionTask,
}

impl hyper::body::Body for UpstreamBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Passes a request to the service, and its answer back; with a tunnel if it has changed to WebSocket.
/// `pulse` is that of the guest's connection.
///
/// # Errors
/// [`Refused::TooLong`], [`Refused::Body`], [`Refused::BadGateway`], [`Refused::Late`].
pub(crate) async fn forward(
    mut request: Request<Incoming>,
    upstream: &Upstream,
    limits: &Limits,
    idle_timer: &IdleTimer,
) -> Result<(Response<ResponseBody>, Option<Tunnel>), RequestError> {
    if request.size_hint().lower() > limits.body_bytes {
        return Err(RequestError::BodyTooLarge);
    }
    let websocket = headers::is_websocket_upgrade(&request);
    let client_upgrade = websocket.then(|| upgrade::on(&mut request));
    headers::prepare_request(request.headers_mut(), upstream, websocket);
    let max_body = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    let request = request.map(|body| Limited::new(body, max_body));

    let stream =
        timeout(limits.connect_timeout, TcpStream::connect(upstream.connect_target())).await;
    let stream =
        stream.map_err(|_| RequestError::GatewayTimeout)?.map_err(|_| RequestError::BadGateway)?;
    stream.set_nodelay(true).map_err(|_| RequestError::BadGateway)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(limits.header_bytes);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|_| RequestError::BadGateway)?;
    let task = ConnectionTask(tokio::spawn(async {
        // Whoever waits for the answer is told the same.
        drop(connection.with_upgrades().await);
    }));

    let response = tokio::select! {
        response = sender.send_request(request) => response.map_err(|error| classify_error(&error))?,
        () = idle_timer.wait_idle(limits.response_timeout) => return Err(RequestError::GatewayTimeout),
    };
    to_client_response(response, upstream, client_upgrade, task)
}

/// The service's answer as the guest gets it.
fn to_client_response(
    mut response: Response<Incoming>,
    upstream: &Upstream,
    client_upgrade: Option<upgrade::OnUpgrade>,
    task: ConnectionTask,
) -> Result<(Response<ResponseBody>, Option<Tunnel>), RequestError> {
    let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    headers::prepare_response(response.headers_mut(), upstream, switched);
    if !switched {
        return Ok((response.map(|body| Either::Right(UpstreamBody { body, _task: task })), None));
    }
    let client_upgrade = client_upgrade.ok_or(RequestError::BadGateway)?;
    let tunnel = Tunnel { client: client_upgrade, service: upgrade::on(&mut response), task };
    Ok((response.map(|_| Either::Left(Bytes::new().into())), Some(tunnel)))
}

/// Why a request could not be passed on: the guest's body, or the service.
fn classify_error(error: &hyper::Error) -> RequestError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<LengthLimitError>() {
            return RequestError::BodyTooLarge;
        }
        cause = inner.source();
    }
    if error.is_user() { RequestError::BadBody } else { RequestError::BadGateway }
}
