//! Agreements.

use axum::extract::State;
use axum::response::Response;
use muster_index::database::Transaction;
use muster_index::query::{
    self, Agreement, AgreementFilter, AgreementState, AgreementSummary, Page,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Known;
use crate::failure::Failure;
use crate::parameters::{AddressParameter, ApplicationParameter, MarketQuery, PathOf, QueryOf};
use crate::state::ApiState;
use crate::wire::{Answer, ApiError};

/// The query of a list of agreements.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AgreementsQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    market: Option<AddressParameter>,
    /// Of this client alone
    #[param(value_type = Option<String>)]
    client: Option<AddressParameter>,
    /// In which this worker was hired
    #[param(value_type = Option<String>)]
    worker: Option<AddressParameter>,
    /// Of this application alone
    #[param(value_type = Option<String>)]
    application: Option<ApplicationParameter>,
    /// In this state; `open` is every state but `settled` and `void`
    #[param(inline)]
    state: Option<AgreementState>,
    /// The most items, 1 to 200; 50 if it is left out
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Lists agreements, the latest first.
#[utoipa::path(
    get,
    path = "/v1/agreements",
    params(AgreementsQuery),
    responses(
        (status = 200, description = "A page of them", body = Answer<Page<AgreementSummary>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn agreements(
    State(state): State<ApiState>,
    QueryOf(asked): QueryOf<AgreementsQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let filter = AgreementFilter {
        client: asked.client.map(|client| client.0),
        worker: asked.worker.map(|worker| worker.0),
        application: asked.application.map(|application| application.0),
        state: asked.state,
        limit: asked.limit,
        after: asked.after,
    };
    let list = move |transaction: &mut dyn Transaction, id| {
        query::agreements(transaction, id, &filter).map(Some)
    };
    state.answer(asked.market, known, "page", list).await
}

/// Returns an agreement: its state, what was reported in each window, who gets what of whom, and what can be called now by whom.
#[utoipa::path(
    get,
    path = "/v1/agreements/{agreement}",
    params(("agreement" = String, Path, description = "Its contract"), MarketQuery),
    responses(
        (status = 200, description = "The agreement", body = Answer<Agreement>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "not_found, no_market", body = ApiError)
    )
)]
pub(crate) async fn agreement(
    State(state): State<ApiState>,
    PathOf(AddressParameter(address)): PathOf<AddressParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let find =
        move |transaction: &mut dyn Transaction, id| query::agreement(transaction, id, address);
    state.answer(market, known, "agreement", find).await
}
