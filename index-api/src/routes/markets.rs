//! Which markets are indexed.

use axum::Json;
use axum::extract::State;
use muster_index::query::{self, MarketStatus};

use crate::failure::Failure;
use crate::state::ApiState;
use crate::wire::ApiError;

/// Lists the markets of this index, each with the block up to which it is indexed. The first one is meant where none is named.
#[utoipa::path(
    get,
    path = "/v1/markets",
    responses(
        (status = 200, description = "The markets", body = Vec<MarketStatus>),
        (status = 429, description = "too_many_requests", body = ApiError)
    )
)]
pub(crate) async fn markets(
    State(state): State<ApiState>,
) -> Result<Json<Vec<MarketStatus>>, Failure> {
    state.read(|transaction| Ok(query::status(transaction)?)).await.map(Json)
}
