//! Requests of the client to its service, at any worker that runs it.

use axum::http::HeaderValue;
use axum::http::request::Parts;
use muster_gateway::RECEIPT_HEADER;
use muster_messaging::ExposeSecret;
use muster_service_api::{ERROR_HEADER, ErrorCode};
use reqwest::Response;
use tokio::time::{Duration, timeout};

use super::fleet::{Fleet, ServiceReplica};
use crate::client::proxy::{Forwarder, RequestBody};
use crate::service_client::{LONG_RESPONSE, RequestFailure, SERVICE_PREFIX, service_url};

/// How long a request waits for a worker that runs the service.
const WAIT: Duration = Duration::from_secs(30);

/// The header of a response that names the worker's account, so that who compares answers knows whose they are.
const WORKER_HEADER: &str = "service-worker";

/// What became of a request at a worker.
enum Attempt {
    /// The service has answered.
    Served(Response),
    /// It has not, and has not got the request.
    NotDelivered(Option<Response>),
    /// It has not, and may have got it.
    MaybeDelivered(Option<Response>),
}

impl Forwarder for Fleet {
    async fn forward(&self, request: &Parts, mut body_source: RequestBody) -> Option<Response> {
        let (mut last, is_empty) = (None, body_source.is_empty());
        if timeout(WAIT, self.wait_until_ready()).await.is_err() {
            return None;
        }
        for replica in self.ready_in_turn() {
            let Some(body) = body_source.next_attempt() else { break };
            let body = (!is_empty).then_some(body);
            let (response, maybe_delivered) = match attempt(&replica, request, body).await {
                Attempt::Served(mut response) => {
                    let account = HeaderValue::from_str(&replica.worker.account.to_string());
                    if let Ok(account) = account {
                        response.headers_mut().insert(WORKER_HEADER, account);
                    }
                    return Some(response);
                }
                Attempt::NotDelivered(response) => (response, false),
                Attempt::MaybeDelivered(response) => (response, true),
            };
            // A gateway that limits requests says nothing about the service.
            if response.as_ref().is_none_or(|response| response.status().is_server_error()) {
                self.note(&replica, false);
                replica.wake.notify_one();
            }
            last = response.or(last);
            if maybe_delivered && !request.method.is_idempotent() {
                break;
            }
        }
        last
    }
}

/// Sends a request to one worker.
async fn attempt(
    replica: &ServiceReplica,
    request: &Parts,
    body: Option<reqwest::Body>,
) -> Attempt {
    let worker = &replica.worker;
    let Ok(endpoint) = worker.endpoint(&worker.traffic).await else {
        return Attempt::NotDelivered(None);
    };
    let path = request.uri.path_and_query().map_or("/", |path| path.as_str());
    let url = service_url(endpoint.url.expose_secret(), &format!("{SERVICE_PREFIX}{path}"));
    let http = &worker.access.http;
    let mut outgoing = http.request(request.method.clone(), url);
    outgoing = outgoing.headers(request.headers.clone());
    if let Some(body) = body {
        outgoing = outgoing.body(body);
    }
    let (token, session) = (endpoint.token.expose_secret(), worker.traffic.session());
    let failure = match http.send_long(outgoing, token, session, LONG_RESPONSE).await {
        Ok(response) => return classify(response),
        Err(failure) => failure,
    };
    worker.traffic.slot.forget(&endpoint);
    match failure {
        RequestFailure::NoConnection => Attempt::NotDelivered(None),
        RequestFailure::Rejected(response) => Attempt::NotDelivered(Some(response)),
        RequestFailure::NoResponse | RequestFailure::Cut => Attempt::MaybeDelivered(None),
    }
}

/// Whether a response is the service's own: what passes a gateway has a receipt, and errors of the API of services say so.
fn classify(response: Response) -> Attempt {
    let headers = response.headers();
    if let Some(code) = headers.get(ERROR_HEADER).and_then(|code| code.to_str().ok()) {
        let is_late = [ErrorCode::ServiceEnded, ErrorCode::ServiceLate]
            .iter()
            .any(|late| late.name() == code);
        let attempt = if is_late { Attempt::MaybeDelivered } else { Attempt::NotDelivered };
        return attempt(Some(response));
    }
    if headers.contains_key(RECEIPT_HEADER) || response.status().is_success() {
        return Attempt::Served(response);
    }
    if response.status().is_client_error() {
        Attempt::NotDelivered(Some(response))
    } else {
        Attempt::MaybeDelivered(Some(response))
    }
}

#[cfg(test)]
mod tests {
    use axum::http;

    use super::*;

    /// What becomes of a response with this status and header.
    fn outcome(status: u16, header: Option<(&str, &str)>) -> &'static str {
        let mut response = http::Response::builder().status(status);
        if let Some((name, value)) = header {
            response = response.header(name, value);
        }
        match classify(response.body("").unwrap().into()) {
            Attempt::Served(_) => "served",
            Attempt::NotDelivered(_) => "not delivered",
            Attempt::MaybeDelivered(_) => "maybe delivered",
        }
    }

    #[test]
    fn only_what_a_service_cannot_have_got_counts_as_not_delivered() {
        let receipt = Some((RECEIPT_HEADER, "0,0b1,0x,0x"));
        for status in [200, 404, 502, 503] {
            assert_eq!(outcome(status, receipt), "served", "{status}: the service's own");
        }
        let error = |code: ErrorCode| Some((ERROR_HEADER, code.name()));
        for code in [ErrorCode::NoService, ErrorCode::NotRunning, ErrorCode::ServiceFailed] {
            assert_eq!(outcome(503, error(code)), "not delivered", "{code:?}");
        }
        for code in [ErrorCode::ServiceEnded, ErrorCode::ServiceLate] {
            assert_eq!(outcome(502, error(code)), "maybe delivered", "{code:?}");
        }
        for status in [401, 403, 429] {
            assert_eq!(outcome(status, None), "not delivered", "{status}: the gateway's");
        }
        assert_eq!(outcome(502, None), "maybe delivered");
        assert_eq!(outcome(200, None), "served");
    }
}
