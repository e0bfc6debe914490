//! This API as an OpenAPI document.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::OpenApi;

use crate::routes::{
    accounts, agreements, applications, events, evidence, markets, testers, workers,
};
use crate::wire::ApiError;

/// The document, made of the handlers' and types' own declarations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muster index",
        description = "What Muster markets are, and were, by their events. Every answer names the block of which it is, and has its hash \
            as ETag. Amounts are texts of decimal digits, in wei. Every error response is an ApiError; any request can be \
            answered with 429 too_many_requests, 503 busy or not_indexed, and 500 internal."
    ),
    paths(
        markets::markets,
        applications::applications,
        applications::book,
        applications::prices,
        workers::workers,
        workers::worker,
        workers::history,
        agreements::agreements,
        agreements::agreement,
        testers::testers,
        testers::tester,
        accounts::account,
        accounts::statement,
        accounts::statement_csv,
        events::events,
        evidence::list,
        evidence::document,
        openapi_json
    ),
    components(schemas(ApiError))
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
