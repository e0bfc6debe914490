//! Testers.

use axum::extract::State;
use axum::response::Response;
use muster_index::database::Transaction;
use muster_index::query::{self, Page, Tester};

use crate::answer::Known;
use crate::failure::Failure;
use crate::parameters::{AddressParameter, MarketQuery, PageQuery, PathOf, QueryOf};
use crate::state::ApiState;
use crate::wire::{Answer, ApiError};

/// Lists testers, the first registered first.
#[utoipa::path(
    get,
    path = "/v1/testers",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of them", body = Answer<Page<Tester>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn testers(
    State(state): State<ApiState>,
    QueryOf(PageQuery { market, limit, after }): QueryOf<PageQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let list = move |transaction: &mut dyn Transaction, id| {
        query::testers(transaction, id, limit, after.as_deref()).map(Some)
    };
    state.answer(market, known, "page", list).await
}

/// Returns a tester: its bond and when that is free, its lists, reports and fees.
#[utoipa::path(
    get,
    path = "/v1/testers/{account}",
    params(("account" = String, Path, description = "Its account"), MarketQuery),
    responses(
        (status = 200, description = "The tester", body = Answer<Tester>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "not_found, no_market", body = ApiError)
    )
)]
pub(crate) async fn tester(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let find = move |transaction: &mut dyn Transaction, id| query::tester(transaction, id, account);
    state.answer(market, known, "tester", find).await
}
