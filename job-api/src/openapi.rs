//! This API as an OpenAPI document.

use crate::{
    routes::{blobs, jobs, uploads},
    wire::ApiError,
};
use axum::{http::header, response::IntoResponse};
use muster_compute::JobDocument;
use std::sync::LazyLock;
use utoipa::OpenApi;

/// The document, made of the handlers' and types' own declarations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muster jobs",
        description = "Runs jobs of the profile wasm1 at a worker, behind its gateway. Every error response is an ApiError."
    ),
    paths(
        jobs::limits,
        blobs::get_blob,
        blobs::head_blob,
        uploads::put_blob,
        jobs::post_job,
        jobs::get_job,
        jobs::delete_job,
        openapi_json
    ),
    components(schemas(JobDocument, ApiError))
)]
struct Document;

/// The document as text.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
});

/// The OpenAPI document of this API, as `GET /openapi.json` returns it.
#[must_use]
pub fn openapi_document() -> &'static str {
    &TEXT
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "This document")))]
pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], openapi_document())
}
