//! What is for sale, and what was paid for it.

use axum::extract::State;
use axum::response::Response;
use muster_index::database::Transaction;
use muster_index::query::{self, ApplicationSummary, BookLevel, DayPrices, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Known;
use crate::failure::Failure;
use crate::parameters::{
    AddressParameter, ApplicationParameter, MarketQuery, PageQuery, PathOf, QueryOf,
};
use crate::state::ApiState;
use crate::wire::{Answer, ApiError};

/// The query of prices.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PricesQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    market: Option<AddressParameter>,
    /// A Unix second of the first day
    from: u64,
    /// A Unix second of the last day; 92 days at most
    to: u64,
}

/// Lists the applications that workers have registered for, by name.
#[utoipa::path(
    get,
    path = "/v1/applications",
    params(PageQuery),
    responses(
        (status = 200, description = "A page of them", body = Answer<Page<ApplicationSummary>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn applications(
    State(state): State<ApiState>,
    QueryOf(PageQuery { market, limit, after }): QueryOf<PageQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let list = move |transaction: &mut dyn Transaction, id| {
        query::applications(transaction, id, limit, after.as_deref()).map(Some)
    };
    state.answer(market, known, "page", list).await
}

/// Returns the book of an application by price, the cheapest first: its 2,000 cheapest workers.
#[utoipa::path(
    get,
    path = "/v1/applications/{application}/book",
    params(("application" = String, Path, description = "Its name, or 0x and 16 hexadecimal digits"), MarketQuery),
    responses(
        (status = 200, description = "The book; empty if nobody is in it", body = Answer<Vec<BookLevel>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn book(
    State(state): State<ApiState>,
    PathOf(ApplicationParameter(application)): PathOf<ApplicationParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let book = move |transaction: &mut dyn Transaction, id| {
        query::book(transaction, id, application).map(Some)
    };
    state.answer(market, known, "book", book).await
}

/// Returns the prices that workers of an application were hired for, day by day, in wei per tick.
#[utoipa::path(
    get,
    path = "/v1/applications/{application}/prices",
    params(("application" = String, Path, description = "Its name, or 0x and 16 hexadecimal digits"), PricesQuery),
    responses(
        (status = 200, description = "The days with purchases, oldest first", body = Answer<Vec<DayPrices>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn prices(
    State(state): State<ApiState>,
    PathOf(ApplicationParameter(application)): PathOf<ApplicationParameter>,
    QueryOf(PricesQuery { market, from, to }): QueryOf<PricesQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let prices = move |transaction: &mut dyn Transaction, id| {
        query::prices(transaction, id, application, from, to).map(Some)
    };
    state.answer(market, known, "days", prices).await
}
