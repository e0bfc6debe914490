//! The fail points of a worker, and those of the server behind its gateway, which knows no fail points itself.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use futures::{StreamExt, stream};
use tokio::time::{Duration, sleep};

use crate::failpoint::{FailPoint, STORE_STAGES, TX_STAGES, pass};
use crate::responder::MESSAGE;

/// Every point that a worker passes.
pub const FAILPOINTS: &[FailPoint] = &[
    FailPoint::new("register", TX_STAGES),
    FailPoint::new("key", TX_STAGES),
    FailPoint::new("update", TX_STAGES),
    FailPoint::new("available", TX_STAGES),
    FailPoint::new("stake", TX_STAGES),
    FailPoint::new("list", TX_STAGES),
    FailPoint::new("accept", TX_STAGES),
    FailPoint::new("release", TX_STAGES),
    FailPoint::new("settle", TX_STAGES),
    FailPoint::new("withdraw", TX_STAGES),
    FailPoint::new("keepalive", TX_STAGES),
    FailPoint::new("session", STORE_STAGES),
    FailPoint::new("admission", &["stored"]),
    FailPoint::new("component", &["arriving", "half", "stored"]),
    FailPoint::new("service", &["arriving", "started"]),
    FailPoint::new("request", &["arriving", "answered"]),
    FailPoint::new("job", &["arriving", "taken"]),
    FailPoint::new("result", &["asked", "answered"]),
    FailPoint::new("output", &["asked", "answered"]),
    MESSAGE,
];

/// The routes of jobs and services, with fail points around the requests by which a job or a service is brought and used.
pub(super) fn with_failpoints(router: Router) -> Router {
    router.layer(from_fn(pass_request))
}

/// Passes the points of a request: before it is taken, and when it is done and nobody knows.
async fn pass_request(request: Request, next: Next) -> Response {
    let points = match (request.method(), request.uri().path()) {
        (&Method::PUT, path) if path.starts_with("/blobs/") => {
            Some(("component/arriving", "component/stored"))
        }
        (&Method::GET, path) if path.starts_with("/blobs/") => {
            Some(("output/asked", "output/answered"))
        }
        (&Method::POST, "/jobs") => Some(("job/arriving", "job/taken")),
        (&Method::GET, path) if path.starts_with("/jobs/") => {
            Some(("result/asked", "result/answered"))
        }
        (&Method::PUT, "/service") => Some(("service/arriving", "service/started")),
        (_, "/service/logs") => None,
        (_, path) if path.starts_with("/service/") => {
            Some(("request/arriving", "request/answered"))
        }
        _ => None,
    };
    let Some((before, after)) = points else { return next.run(request).await };
    pass(before);
    let is_blob = before == "component/arriving";
    let request = if is_blob { request.map(in_halves) } else { request };
    let response = next.run(request).await;
    if response.status().is_success() {
        pass(after);
    }
    response
}

/// The same body, but its first part comes as two halves; the point between them is passed when the first one has had
/// time to be written.
fn in_halves(body: Body) -> Body {
    let halves = |part: Result<Bytes, axum::Error>| {
        stream::iter(match part {
            Ok(mut part) => vec![Ok(part.split_to(part.len().div_ceil(2))), Ok(part)],
            Err(error) => vec![Err(error)],
        })
    };
    let parts =
        body.into_data_stream().flat_map(halves).enumerate().then(|(number, part)| async move {
            if number == 1 {
                sleep(Duration::from_millis(200)).await;
                pass("component/half");
            }
            part
        });
    Body::from_stream(parts)
}
