//! The handlers of requests.

pub(crate) mod blobs;
mod digest_path;
pub(crate) mod jobs;
pub(crate) mod uploads;

use crate::{agreement::Agreement, failure::Failure, wire::ErrorCode};
use axum::{
    Router,
    routing::{get, post},
};
use std::sync::Arc;

/// All paths but that of the OpenAPI document.
pub(crate) fn router(agreement: Arc<Agreement>) -> Router {
    Router::new()
        .route("/limits", get(jobs::limits))
        .route(
            "/blobs/{digest}",
            get(blobs::get_blob).head(blobs::head_blob).put(uploads::put_blob),
        )
        .route("/jobs", post(jobs::post_job))
        .route("/jobs/{id}", get(jobs::get_job).delete(jobs::delete_job))
        .fallback(async || Failure::new(ErrorCode::NoRoute, "see /openapi.json"))
        .method_not_allowed_fallback(async || {
            Failure::new(ErrorCode::NoMethod, "see /openapi.json")
        })
        .with_state(agreement)
}
