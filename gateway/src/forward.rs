//! One request to the service and its response: over a connection of its own, with streamed bodies, and
//! with a tunnel if both sides upgrade to WebSocket.

use std::error::Error;

use http_body_util::{Either, LengthLimitError, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    client::conn::http1,
    upgrade,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    body::{ResponseBody, UpstreamBody},
    config::Limits,
    error_response::RequestError,
    headers,
    idle::IdleTimer,
    tunnel::Tunnel,
    upstream::Upstream,
};

/// Forwards a request to the service and returns its response, with a tunnel if the service switched to
/// WebSocket. `idle_timer` is that of the client's connection: an upload in progress extends the wait for
/// the response. Nothing is retried.
///
/// # Errors
/// [`RequestError::BodyTooLarge`], [`RequestError::BadBody`], [`RequestError::BadGateway`],
/// [`RequestError::GatewayTimeout`].
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
    let task = AbortOnDropHandle::new(tokio::spawn(async {
        // `send_request` returns the same error.
        drop(connection.with_upgrades().await);
    }));

    let response = tokio::select! {
        response = sender.send_request(request) => response.map_err(|error| classify_error(&error))?,
        () = idle_timer.wait_idle(limits.response_timeout) => return Err(RequestError::GatewayTimeout),
    };
    to_client_response(response, upstream, client_upgrade, task)
}

/// Converts the service's response to the one for the client.
fn to_client_response(
    mut response: Response<Incoming>,
    upstream: &Upstream,
    client_upgrade: Option<upgrade::OnUpgrade>,
    task: AbortOnDropHandle<()>,
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

/// Whether the client's body or the service made a request fail.
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
