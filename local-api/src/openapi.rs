//! This API as an OpenAPI document.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::failure::ApiError;
use crate::routes::{account, agreements, blobs, purchases, runs};

/// The document, made of the handlers' and types' own declarations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Muster local API",
        description = "The client daemon of an account, for programs on the same machine. Every error response is an ApiError."
    ),
    paths(
        account::account,
        purchases::quote,
        purchases::buy,
        agreements::list,
        agreements::show,
        agreements::cancel,
        agreements::settle,
        account::withdraw,
        blobs::put,
        blobs::get,
        runs::start,
        runs::map,
        runs::list,
        runs::show,
        runs::cancel,
        runs::events,
        openapi_json
    ),
    components(schemas(ApiError)),
    modifiers(&TokenScheme)
)]
struct Document;

/// How requests show a token.
struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of `muster client token add`"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

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

/// This document. No token is needed.
#[utoipa::path(get, path = "/openapi.json", responses((status = 200, description = "This document")))]
pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], openapi_document())
}

#[cfg(test)]
mod tests {
    use super::openapi_document;

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        assert!(
            openapi_document() == include_str!("../openapi.json"),
            "run `cargo run -p muster-local-api --example local_openapi > local-api/openapi.json`"
        );
    }
}
