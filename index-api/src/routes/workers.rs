//! Workers.

use axum::extract::State;
use axum::response::Response;
use muster_index::database::Transaction;
use muster_index::query::{self, Page, Worker, WorkerFilter, WorkerHistory, WorkerOrder};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Known;
use crate::failure::Failure;
use crate::parameters::{
    AddressParameter, ApplicationParameter, MarketQuery, PathOf, QueryOf, WeiParameter,
};
use crate::state::ApiState;
use crate::wire::{Answer, ApiError};

/// The query of a list of workers.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WorkersQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    market: Option<AddressParameter>,
    /// Of this application alone; orders by price and score need it
    #[param(value_type = Option<String>)]
    application: Option<ApplicationParameter>,
    /// Those in their books, or the others; orders by price and score are of those in books unless this says otherwise
    listed: Option<bool>,
    /// `true`: those that can take another agreement alone
    #[serde(default)]
    free: bool,
    /// Those whose price in wei per tick is this at most
    #[param(value_type = Option<String>)]
    max_price: Option<WeiParameter>,
    /// Those whose score in basis points is this at least
    min_score: Option<u16>,
    /// `number`: the first registered first; `price`: the cheapest first; `score`: the best first
    #[serde(default)]
    #[param(inline, required = false)]
    order: WorkerOrder,
    /// The most items, 1 to 200; 50 if it is left out
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

/// Lists workers and testers.
#[utoipa::path(
    get,
    path = "/v1/workers",
    params(WorkersQuery),
    responses(
        (status = 200, description = "A page of them", body = Answer<Page<Worker>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn workers(
    State(state): State<ApiState>,
    QueryOf(asked): QueryOf<WorkersQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let filter = WorkerFilter {
        application: asked.application.map(|application| application.0),
        listed: asked.listed,
        free: asked.free,
        max_price: asked.max_price.map(|price| price.0),
        min_score: asked.min_score,
        order: asked.order,
        limit: asked.limit,
        after: asked.after,
    };
    let list = move |transaction: &mut dyn Transaction, id| {
        query::workers(transaction, id, &filter).map(Some)
    };
    state.answer(asked.market, known, "page", list).await
}

/// Returns a worker, or a tester, with its price, its score and its capacity.
#[utoipa::path(
    get,
    path = "/v1/workers/{account}",
    params(("account" = String, Path, description = "Its account"), MarketQuery),
    responses(
        (status = 200, description = "The worker", body = Answer<Worker>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "not_found, no_market", body = ApiError)
    )
)]
pub(crate) async fn worker(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let find = move |transaction: &mut dyn Transaction, id| query::worker(transaction, id, account);
    state.answer(market, known, "worker", find).await
}

/// Returns prices, scores and income of a worker over time; empty lists if it has none.
#[utoipa::path(
    get,
    path = "/v1/workers/{account}/history",
    params(("account" = String, Path, description = "Its account"), MarketQuery),
    responses(
        (status = 200, description = "The latest 2,000 of each kind, oldest first", body = Answer<WorkerHistory>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn history(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let find = move |transaction: &mut dyn Transaction, id| {
        query::worker_history(transaction, id, account).map(Some)
    };
    state.answer(market, known, "worker", find).await
}
