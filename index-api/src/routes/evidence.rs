//! Evidence about jobs.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::evidence::PublishedEvidence;
use crate::failure::Failure;
use crate::parameters::{AddressParameter, PathOf, QueryOf};
use crate::state::ApiState;
use crate::wire::{ApiError, ErrorCode};

/// The query of evidence.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EvidenceQuery {
    /// About this worker alone
    #[param(value_type = Option<String>)]
    worker: Option<AddressParameter>,
    /// About this agreement alone
    #[param(value_type = Option<String>)]
    agreement: Option<AddressParameter>,
}

/// Lists the evidence that this server's operator publishes.
#[utoipa::path(
    get,
    path = "/v1/evidence",
    params(EvidenceQuery),
    responses(
        (status = 200, description = "All of it that is asked for", body = Vec<PublishedEvidence>),
        (status = 400, description = "bad_request", body = ApiError)
    )
)]
pub(crate) async fn list(
    State(state): State<ApiState>,
    QueryOf(EvidenceQuery { worker, agreement }): QueryOf<EvidenceQuery>,
) -> Json<Vec<PublishedEvidence>> {
    let is_meant = |evidence: &&PublishedEvidence| {
        worker.is_none_or(|one| evidence.workers.iter().any(|worker| worker.0 == one.0))
            && agreement.is_none_or(|one| evidence.agreements.iter().any(|a| a.0 == one.0))
    };
    Json(state.evidence.iter().filter(is_meant).cloned().collect())
}

/// Returns a document of evidence, which anybody can check: see `muster job verify`.
#[utoipa::path(
    get,
    path = "/v1/evidence/{id}",
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The document", body = Object),
        (status = 404, description = "not_found", body = ApiError)
    )
)]
pub(crate) async fn document(
    State(state): State<ApiState>,
    PathOf(id): PathOf<String>,
) -> Result<impl IntoResponse, Failure> {
    let found = state.evidence.iter().find(|evidence| evidence.id.to_string() == id);
    let found = found.ok_or_else(|| {
        Failure::new(ErrorCode::NotFound, "no such evidence is published here: see /v1/evidence")
    })?;
    Ok(([(header::CONTENT_TYPE, "application/json")], found.document.clone()))
}
