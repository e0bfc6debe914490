//! Responses: the component's, which breaks off if the component does, and those that tell what went wrong.

use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::{Body, Bytes, Frame, SizeHint},
    header::{CONTENT_TYPE, HeaderValue},
};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// The body of a response.
pub(super) type ResponseBody = UnsyncBoxBody<Bytes, io::Error>;

/// A request's work came to no good end.
#[derive(Debug)]
pub(super) struct Broken;

/// The body that a component writes. It fails where it would end, if the work has failed by then: else what was cut off
/// would look complete.
pub(super) struct Streamed {
    /// What the component writes.
    pub(super) body: HyperOutgoingBody,
    /// Tells if the work fails.
    pub(super) broken: oneshot::Receiver<Broken>,
}

impl Body for Streamed {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        polled.map(|frame| match frame {
            Some(frame) => Some(frame.map_err(|error| io::Error::other(error.to_string()))),
            None if self.broken.try_recv().is_ok() => Some(Err(io::ErrorKind::BrokenPipe.into())),
            None => None,
        })
    }

    // Of an empty body that is complete, hyper asks nothing.
    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why a component did not answer. The codes are stable, the texts are not.
#[derive(Debug, Clone, Copy)]
pub(super) enum Problem {
    /// The request names no host.
    BadRequest,
    /// As many requests as may run at once run for as long as a request may take.
    Busy,
    /// It took more processor time than it may.
    CpuTime,
    /// It took longer than it may.
    WallTime,
    /// It trapped, or could not be instantiated in its memory.
    Trap,
    /// It returned without a response, or gave an error for one.
    NoResponse,
}

impl Problem {
    /// Status, code and text.
    const fn text(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => {
                (StatusCode::BAD_REQUEST, "bad_request", "the request names no host")
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "as many requests run as the service's limit allows",
            ),
            Self::CpuTime => (
                StatusCode::GATEWAY_TIMEOUT,
                "cpu_time",
                "the component took more processor time than the service's limit",
            ),
            Self::WallTime => (
                StatusCode::GATEWAY_TIMEOUT,
                "wall_time",
                "the component took longer than the service's limit",
            ),
            Self::Trap => {
                (StatusCode::BAD_GATEWAY, "trap", "the component trapped: see the service's log")
            }
            Self::NoResponse => (
                StatusCode::BAD_GATEWAY,
                "no_response",
                "the component gave no response: see the service's log",
            ),
        }
    }

    /// The response that tells it.
    pub(super) fn response(self) -> Response<ResponseBody> {
        let (status, error, message) = self.text();
        let text = serde_json::json!({ "error": error, "message": message }).to_string();
        let body = Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }

    /// For the log.
    pub(super) const fn message(self) -> &'static str {
        self.text().2
    }
}
