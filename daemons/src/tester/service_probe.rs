//! The check of a service that a client has brought: its answer is compared with that of the tester's own copy.
//!
//! A client can end or replace its service at any moment, and keep it busy. So only a wrong answer of a worker that says that it
//! runs exactly this service counts against it; in every other case the probe goes on with a job.

use muster_service_api::{ERROR_HEADER, ServiceState, ServiceStatus};
use tokio::time::{Duration, timeout};

use super::reference_service::ReferenceCheck;
use crate::checks::{ProbeFailure, Prober, ServiceTarget};
use crate::service_checks::ServiceAnswer;
use crate::service_client::{SERVICE_PREFIX, service_url};

impl Prober {
    /// Requests a check of a service. Returns the text of the receipt that came with a right answer; `None` if nothing can be
    /// said of the worker: it says that it does not run this service, has reached a limit, or does not answer within
    /// `slow_after`. A wrong answer is requested twice, with a look at what the worker says that it runs between the two.
    ///
    /// # Errors
    /// [`ProbeFailure::WrongResponse`].
    pub(super) async fn probe_service(
        &self,
        check: &ReferenceCheck,
        target: &ServiceTarget<'_>,
        slow_after: Duration,
    ) -> Result<Option<String>, ProbeFailure> {
        for _ in 0..2 {
            let asked = timeout(slow_after, self.ask_service(check, target)).await;
            let Some((answer, receipt)) = asked.ok().flatten() else { return Ok(None) };
            if answer == check.answer {
                return Ok(Some(receipt));
            }
            let runs = timeout(slow_after, self.runs_service(check, target)).await;
            if !runs.is_ok_and(|runs| runs) {
                return Ok(None);
            }
        }
        Err(ProbeFailure::WrongResponse)
    }

    /// The service's answer and its receipt; `None` if it is not the service that has answered.
    async fn ask_service(
        &self,
        check: &ReferenceCheck,
        target: &ServiceTarget<'_>,
    ) -> Option<(ServiceAnswer, String)> {
        let (parts, body) = check.check.request().ok()?.into_parts();
        let url = service_url(target.url, &format!("{SERVICE_PREFIX}{}", parts.uri));
        let mut request = self.http.request(parts.method, url).headers(parts.headers);
        if !body.is_empty() {
            request = request.body(body);
        }
        let response = self.send(request, target).await.ok()?;
        if response.headers.contains_key(ERROR_HEADER) {
            return None;
        }
        let answer = ServiceAnswer::of(response.status.as_u16(), response.body.as_deref()?)?;
        Some((answer, response.receipt()?))
    }

    /// Whether the worker says that it runs exactly this service.
    async fn runs_service(&self, check: &ReferenceCheck, target: &ServiceTarget<'_>) -> bool {
        let request = self.http.get(service_url(target.url, "/service"));
        let response = self.send(request, target).await.ok();
        let Some(bytes) = response.and_then(|response| response.body) else { return false };
        serde_json::from_slice::<ServiceStatus>(&bytes).is_ok_and(|status| {
            status.state == ServiceState::Running && status.document == *check.service
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy::primitives::B256;
    use axum::Router;
    use axum::http::HeaderMap;
    use axum::routing::get;
    use hyper::StatusCode;
    use muster_compute::Digest;
    use muster_compute_http::ServiceDocument;
    use muster_gateway::RECEIPT_HEADER;
    use tokio::net::TcpListener;

    use super::*;
    use crate::service_checks::ServiceCheck;
    use crate::service_copy::CheckedAnswer;

    /// What a worker says of its service.
    #[derive(Clone)]
    struct Worker {
        status: u16,
        headers: &'static [&'static str],
        body: &'static str,
        state: ServiceState,
        document: ServiceDocument,
    }

    /// The service.
    fn document() -> ServiceDocument {
        ServiceDocument::new(Digest::of(b"component"))
    }

    /// What becomes of a probe of a worker, of which `right` is required.
    async fn probe(worker: Worker) -> Result<Option<String>, ProbeFailure> {
        let Worker { status, headers, body, state, document: runs } = worker;
        let answer = move || async move {
            let mut sent = HeaderMap::new();
            for name in headers {
                sent.insert(*name, "receipt".parse().unwrap());
            }
            (StatusCode::from_u16(status).unwrap(), sent, body)
        };
        let shown = ServiceStatus { document: runs, state, reason: None };
        let shown = serde_json::to_string(&shown).unwrap();
        let app = Router::new()
            .route("/service", get(async || shown))
            .route("/service/http/page", get(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        let answer = ServiceAnswer { status: 200, sha256: Digest::of(b"right") };
        let check = ServiceCheck::of_path("/page");
        let check = ReferenceCheck { service: Arc::new(document()), check, answer };
        let prober = Prober::new(Duration::from_secs(5), None).unwrap();
        let target = ServiceTarget { url: &url, token: "token", session: B256::ZERO };
        prober.probe_service(&check, &target, Duration::from_mins(1)).await
    }

    #[tokio::test]
    async fn only_a_wrong_answer_of_a_worker_that_runs_the_service_counts_against_it() {
        let right = Worker {
            status: 200,
            headers: &[RECEIPT_HEADER],
            body: "right",
            state: ServiceState::Running,
            document: document(),
        };
        assert_eq!(probe(right.clone()).await, Ok(Some("receipt".to_owned())));
        let wrong = Worker { body: "wrong", ..right.clone() };
        let failed = Err(ProbeFailure::WrongResponse);
        assert_eq!(probe(wrong.clone()).await, failed);
        assert_eq!(probe(Worker { status: 404, ..right.clone() }).await, failed);
        let other = ServiceDocument::new(Digest::of(b"another"));
        for unknown in [
            Worker { document: other, ..wrong.clone() },
            Worker { state: ServiceState::Starting, ..wrong.clone() },
            Worker { status: 503, ..wrong.clone() },
            Worker { headers: &[], ..wrong.clone() },
            Worker { headers: &[], ..right },
            Worker { headers: &[RECEIPT_HEADER, ERROR_HEADER], ..wrong },
        ] {
            assert_eq!(probe(unknown).await, Ok(None));
        }
    }

    #[test]
    fn a_client_that_requires_what_its_component_does_not_answer_harms_nobody() {
        let answer = ServiceAnswer { status: 200, sha256: Digest::of(b"right") };
        let check = ServiceCheck { status: Some(201), ..ServiceCheck::of_path("/page") };
        assert_eq!(CheckedAnswer { check, answer: Some(answer) }.reference(), None);
        let check = ServiceCheck { status: Some(200), ..ServiceCheck::of_path("/page") };
        let checked = CheckedAnswer { check, answer: Some(answer) };
        assert_eq!(checked.reference(), Some(answer));
        assert_eq!(CheckedAnswer { answer: None, ..checked }.reference(), None);
    }
}
