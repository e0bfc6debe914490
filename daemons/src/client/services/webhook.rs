//! Tells a URL of somebody else how a service does.

use axum::http::header::CONTENT_TYPE;
use muster_compute::Digest;
use serde::Serialize;
use tokio::time::{Duration, timeout};

use crate::service_client::ServiceClient;

/// How long the other side may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A URL that is told.
#[derive(Debug)]
pub(super) struct Webhook {
    /// The URL.
    pub(super) url: Box<str>,
    /// Makes the requests.
    pub(super) http: ServiceClient,
    /// The service.
    pub(super) service: Digest,
}

/// What the URL is told, as JSON.
#[derive(Debug, Serialize)]
pub(super) struct Notice {
    /// The service.
    service: Digest,
    /// What happened: `short`, `restored` or `ended`.
    event: &'static str,
    /// How many workers serve, if that is known.
    serving: Option<usize>,
    /// How many should.
    wanted: u8,
    /// The reason, for people.
    message: String,
}

impl Webhook {
    /// Posts a notice, and waits for the answer. What goes wrong is logged.
    pub(super) async fn tell(
        &self,
        event: &'static str,
        (serving, wanted): (Option<usize>, u8),
        message: String,
    ) {
        let notice = Notice { service: self.service, event, serving, wanted, message };
        let body = serde_json::to_vec(&notice).unwrap_or_default();
        let request = self.http.post(&*self.url).header(CONTENT_TYPE, "application/json");
        let posted = timeout(TIMEOUT, request.body(body).send()).await;
        let accepted = posted.map(|sent| sent.and_then(reqwest::Response::error_for_status));
        match accepted {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::warn!(event, error = %error.without_url(), "webhook not told");
            }
            Err(_) => tracing::warn!(event, "webhook did not answer in time"),
        }
    }
}
