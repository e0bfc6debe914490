//! Which request does what.

use crate::{
    access::ManagementAction,
    api::ServiceApi,
    error::RequestError,
    forward::{PREFIX, forward},
    wire::{ServiceLogs, ServiceStatus},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, StatusCode},
    routing::{any, get},
};
use muster_compute::Digest;
use serde::Deserialize;
use std::{io, sync::Arc};

/// The longest document, in bytes: as long as a job's.
const MAX_DOCUMENT: usize = 1 << 20;

/// All of the API.
pub fn router(api: Arc<ServiceApi>) -> Router {
    management(Arc::clone(&api)).merge(requests(api))
}

/// To bring, see and end a service.
pub fn management(api: Arc<ServiceApi>) -> Router {
    Router::new()
        .route("/service", get(show).put(bring).delete(end))
        .route("/service/logs", get(logs))
        .layer(DefaultBodyLimit::max(MAX_DOCUMENT))
        .with_state(api)
}

/// The service itself.
pub fn requests(api: Arc<ServiceApi>) -> Router {
    let mut router = Router::new();
    for rest in ["", "/", "/{*path}"] {
        router = router.route(&format!("{PREFIX}{rest}"), any(forward));
    }
    router.with_state(api)
}

/// `GET /service`.
async fn show(State(api): State<Arc<ServiceApi>>) -> Result<Json<ServiceStatus>, RequestError> {
    api.status().map(Json).ok_or(RequestError::NoService)
}

/// `PUT /service`.
async fn bring(
    State(api): State<Arc<ServiceApi>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ServiceStatus>, RequestError> {
    blocking(move || {
        api.admit(&headers, ManagementAction::Put(Digest::of(&body)))?;
        let document = serde_json::from_slice(&body)
            .map_err(|error| RequestError::Malformed(error.to_string()))?;
        api.put(document)
    })
    .await
    .map(Json)
}

/// `DELETE /service`.
async fn end(
    State(api): State<Arc<ServiceApi>>,
    headers: HeaderMap,
) -> Result<StatusCode, RequestError> {
    blocking(move || {
        api.admit(&headers, ManagementAction::Delete)?;
        api.delete()
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which lines are asked for.
#[derive(Debug, Deserialize)]
struct LogQuery {
    /// The number of the first.
    #[serde(default)]
    from: u64,
}

/// `GET /service/logs`.
async fn logs(
    State(api): State<Arc<ServiceApi>>,
    Query(query): Query<LogQuery>,
    headers: HeaderMap,
) -> Result<Json<ServiceLogs>, RequestError> {
    let admitted = Arc::clone(&api);
    blocking(move || admitted.admit(&headers, ManagementAction::Logs)).await?;
    let lines = api.get()?.log(query.from);
    let next = lines.last().map_or(query.from, |line| line.number.saturating_add(1));
    Ok(Json(ServiceLogs { lines, next }))
}

/// Runs what blocks on a thread of its own.
async fn blocking<T: Send + 'static>(
    action: impl FnOnce() -> Result<T, RequestError> + Send + 'static,
) -> Result<T, RequestError> {
    tokio::task::spawn_blocking(action).await.map_err(io::Error::other)?
}
