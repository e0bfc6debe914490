//! `/health` and `/metrics` over HTTP.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use super::reporter::HealthReporter;
use crate::error::DaemonError;

impl HealthReporter {
    /// Serves `/health` and `/metrics` until the process ends, and returns the address that it listens on.
    ///
    /// `/health` has the text of [`HealthReporter::report`], with status 200 while the daemon is healthy and 503
    /// otherwise. `/metrics` is in Prometheus' text format.
    ///
    /// # Errors
    /// [`DaemonError::Listen`].
    pub async fn serve(
        &self,
        listen: SocketAddr,
        metrics: PrometheusHandle,
    ) -> Result<String, DaemonError> {
        let failed = |source| DaemonError::Listen { address: listen.to_string().into(), source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let app = Router::new()
            .route("/health", get(get_health))
            .route("/metrics", get(async move || metrics.render()))
            .with_state(self.clone());
        // axum retries when it cannot accept a connection, so this ends only with the process.
        tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(address)
    }
}

/// Answers `/health`.
async fn get_health(State(reporter): State<HealthReporter>) -> (StatusCode, String) {
    let code = if reporter.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, format!("{}\n", reporter.report()))
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, advance};

    use super::*;
    use crate::health::{Health, NextEvent};

    #[tokio::test(start_paused = true)]
    async fn status_code_follows_health() {
        let reporter = HealthReporter::default();
        reporter.set(Health::Running(NextEvent::untimed("work")));
        let answer = get_health(State(reporter.clone())).await;
        assert_eq!(answer, (StatusCode::OK, "waits for work\n".to_owned()));
        advance(Duration::from_mins(1)).await;
        let (code, _) = get_health(State(reporter)).await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
    }
}
