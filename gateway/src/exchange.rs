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
    address::Upstream,
    answer::{Body, Refused},
    config::Limits,
    headers,
    tunnel::Tunnel,
    watched::Pulse,
};

/// A connection to the service, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The body of the service's answer, without trailers, and the connection that it comes over.
#[derive(Debug)]
pub(crate) struct Relayed {
    /// The body.
    body: Incoming,
    /// What brings it.
    _driver: Driver,
}

impl hyper::body::Body for Relayed {
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
/// [`Refused::TooLong`], [`Refused::Body`], [`Refused::NoService`], [`Refused::Late`].
pub(crate) async fn exchange(
    mut request: Request<Incoming>,
    upstream: &Upstream,
    limits: &Limits,
    pulse: &Pulse,
) -> Result<(Response<Body>, Option<Tunnel>), Refused> {
    if request.size_hint().lower() > limits.body_bytes {
        return Err(Refused::TooLong);
    }
    let websocket = headers::asks_websocket(&request);
    let guest = websocket.then(|| upgrade::on(&mut request));
    headers::to_service(request.headers_mut(), upstream, websocket);
    let most = usize::try_from(limits.body_bytes).unwrap_or(usize::MAX);
    let request = request.map(|body| Limited::new(body, most));

    let stream = timeout(limits.connect_time, TcpStream::connect(upstream.target())).await;
    let stream = stream.map_err(|_| Refused::Late)?.map_err(|_| Refused::NoService)?;
    stream.set_nodelay(true).map_err(|_| Refused::NoService)?;
    let mut builder = http1::Builder::new();
    builder.max_buf_size(limits.head_bytes);
    let (mut sender, connection) =
        builder.handshake(TokioIo::new(stream)).await.map_err(|_| Refused::NoService)?;
    let driver = Driver(tokio::spawn(async {
        // Whoever waits for the answer is told the same.
        drop(connection.with_upgrades().await);
    }));

    let answer = tokio::select! {
        answer = sender.send_request(request) => answer.map_err(|error| reason(&error))?,
        () = pulse.silent_for(limits.answer_time) => return Err(Refused::Late),
    };
    relay(answer, upstream, guest, driver)
}

/// The service's answer as the guest gets it.
fn relay(
    mut answer: Response<Incoming>,
    upstream: &Upstream,
    guest: Option<upgrade::OnUpgrade>,
    driver: Driver,
) -> Result<(Response<Body>, Option<Tunnel>), Refused> {
    let switched = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    headers::to_guest(answer.headers_mut(), upstream, switched);
    if !switched {
        return Ok((answer.map(|body| Either::Right(Relayed { body, _driver: driver })), None));
    }
    let guest = guest.ok_or(Refused::NoService)?;
    let tunnel = Tunnel { guest, service: upgrade::on(&mut answer), driver };
    Ok((answer.map(|_| Either::Left(Bytes::new().into())), Some(tunnel)))
}

/// Why a request could not be passed on: the guest's body, or the service.
fn reason(error: &hyper::Error) -> Refused {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<LengthLimitError>() {
            return Refused::TooLong;
        }
        cause = inner.source();
    }
    if error.is_user() { Refused::Body } else { Refused::NoService }
}
