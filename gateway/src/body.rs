//! Bodies of responses: the gateway's own, and those streamed from the service.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio_util::task::AbortOnDropHandle;

/// The body of a response to a client: the gateway's own, or the service's.
pub(crate) type ResponseBody = Either<Full<Bytes>, UpstreamBody>;

/// The body of the service's response, with the connection that it arrives on.
#[derive(Debug)]
pub(crate) struct UpstreamBody {
    /// The body.
    pub(crate) body: Incoming,
    /// Drives the connection to the service, which closes when this is dropped.
    pub(crate) _task: AbortOnDropHandle<()>,
}

impl Body for UpstreamBody {
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
