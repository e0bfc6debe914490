//! Accounts and their statements.

use alloy::primitives::Address;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use muster_index::database::Transaction;
use muster_index::query::{self, AccountSummary, Page, StatementEntry, StatementFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::{Found, Known};
use crate::failure::Failure;
use crate::parameters::{AddressParameter, MarketQuery, PathOf, QueryOf};
use crate::state::ApiState;
use crate::wire::{Answer, ApiError, ErrorCode};

/// The names of the columns of a statement.
const COLUMNS: [&str; 7] =
    ["time", "block", "entry", "income_wei", "cost_wei", "agreement", "transaction"];

/// The query of a statement.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    market: Option<AddressParameter>,
    /// From this Unix second on
    from: Option<u64>,
    /// Before this Unix second
    to: Option<u64>,
    /// The most entries, 1 to 1,000; 1,000 if it is left out
    limit: Option<u32>,
    /// `next` of the page before
    after: Option<String>,
}

impl StatementQuery {
    /// Finds the page of an account that is meant.
    async fn find(
        &self,
        state: &ApiState,
        account: Address,
        known: Known,
    ) -> Result<Found<Page<StatementEntry>>, Failure> {
        let Self { market, from, to, limit, after } = self.clone();
        let filter = StatementFilter { from, to, limit, after };
        let list = move |transaction: &mut dyn Transaction, id| {
            query::statement(transaction, id, account, &filter).map(Some)
        };
        state.find(market, known, "page", list).await
    }
}

/// Returns the money of an account, as events moved it; all zeros if none did.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}",
    params(("account" = String, Path, description = "The account"), MarketQuery),
    responses(
        (status = 200, description = "Its money", body = Answer<AccountSummary>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn account(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(MarketQuery { market }): QueryOf<MarketQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let find = move |transaction: &mut dyn Transaction, id| {
        query::account(transaction, id, account).map(Some)
    };
    state.answer(market, known, "account", find).await
}

/// Returns what an account got and paid, oldest first. Gas is not in it.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/statement",
    params(("account" = String, Path, description = "The account"), StatementQuery),
    responses(
        (status = 200, description = "A page of entries", body = Answer<Page<StatementEntry>>),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn statement(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(asked): QueryOf<StatementQuery>,
    known: Known,
) -> Result<Response, Failure> {
    Ok(asked.find(&state, account, known).await?.json())
}

/// Returns the same as comma-separated values: times in UTC, amounts in wei. The header `Link` names the next page.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/statement.csv",
    params(("account" = String, Path, description = "The account"), StatementQuery),
    responses(
        (status = 200, description = "A page of entries", body = String, content_type = "text/csv"),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError)
    )
)]
pub(crate) async fn statement_csv(
    State(state): State<ApiState>,
    PathOf(AddressParameter(account)): PathOf<AddressParameter>,
    QueryOf(asked): QueryOf<StatementQuery>,
    known: Known,
) -> Result<Response, Failure> {
    let found = asked.find(&state, account, known).await?;
    Ok(found.respond(|head, _, page| {
        let text = csv_text(&page.items).map_err(|error| {
            tracing::error!(%error, "a statement could not be written");
            Failure::new(ErrorCode::Internal, "the statement could not be written")
        });
        let mut response = text
            .map(|text| ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text))
            .into_response();
        if let Some(next) = page.next {
            let link = next_link(&asked, &head.market.to_string(), &next);
            if let Ok(link) = link.parse() {
                response.headers_mut().insert(header::LINK, link);
            }
        }
        response
    }))
}

/// The header that names the next page, relative to this one.
fn next_link(asked: &StatementQuery, market: &str, next: &str) -> String {
    let number = |name: &str, value: Option<u64>| {
        value.map(|value| format!("&{name}={value}")).unwrap_or_default()
    };
    let (from, to) = (number("from", asked.from), number("to", asked.to));
    let limit = number("limit", asked.limit.map(u64::from));
    format!("<?market={market}{from}{to}{limit}&after={next}>; rel=\"next\"")
}

/// Entries as comma-separated values: a line for each, after a line with the names.
fn csv_text(entries: &[StatementEntry]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for entry in entries {
        let second =
            i64::try_from(entry.time).ok().and_then(|time| Timestamp::from_second(time).ok());
        let amount = |wei: query::Wei| if wei.0 == 0 { String::new() } else { wei.to_string() };
        writer.write_record([
            second.map(|second| second.to_string()).unwrap_or_default(),
            entry.block.to_string(),
            entry.entry.to_owned(),
            amount(entry.income),
            amount(entry.cost),
            entry.agreement.to_string(),
            entry.transaction.to_string(),
        ])?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
