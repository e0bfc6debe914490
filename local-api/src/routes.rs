//! The handlers of requests.

pub(crate) mod account;
pub(crate) mod agreements;
pub(crate) mod blobs;
pub(crate) mod purchases;
pub(crate) mod runs;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::failure::{ErrorCode, Failure};
use crate::shared::Shared;

/// All paths but that of the OpenAPI document.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/account", get(account::account))
        .route("/v1/quotes", post(purchases::quote))
        .route("/v1/purchases", post(purchases::buy))
        .route("/v1/agreements", get(agreements::list))
        .route("/v1/agreements/{agreement}", get(agreements::show))
        .route("/v1/agreements/{agreement}/cancel", post(agreements::cancel))
        .route("/v1/agreements/{agreement}/settle", post(agreements::settle))
        .route("/v1/withdrawals", post(account::withdraw))
        .route("/v1/blobs", post(blobs::put))
        .route("/v1/blobs/{digest}", get(blobs::get))
        .route("/v1/runs", post(runs::start).get(runs::list))
        .route("/v1/maps", post(runs::map))
        .route("/v1/runs/{id}", get(runs::show))
        .route("/v1/runs/{id}/cancel", post(runs::cancel))
        .route("/v1/runs/{id}/events", get(runs::events))
        .fallback(async || Failure::new(ErrorCode::NoRoute, "see /openapi.json"))
        .method_not_allowed_fallback(async || {
            Failure::new(ErrorCode::NoMethod, "see /openapi.json")
        })
        .with_state(shared)
}
