//! Events: page by page, or as they come.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use muster_index::database::Transaction;
use muster_index::query::{self, Event, EventFilter, Page};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::answer::Known;
use crate::failure::Failure;
use crate::parameters::{AddressParameter, QueryOf};
use crate::state::ApiState;
use crate::subscription::{Wanted, subscribe};
use crate::wire::{Answer, ApiError};

/// The media type of events as they come.
const EVENT_STREAM: &str = "text/event-stream";

/// The query of events.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// The market's contract; the first market of the index if it is left out
    #[param(value_type = Option<String>)]
    market: Option<AddressParameter>,
    /// About this account or agreement alone
    #[param(value_type = Option<String>)]
    subject: Option<AddressParameter>,
    /// Of this name alone, such as `ContractBought`
    name: Option<String>,
    /// `true`: the latest first; not for events as they come
    #[serde(default)]
    latest_first: bool,
    /// The most items of a page, 1 to 200; 50 if it is left out
    limit: Option<u32>,
    /// `next` of the page before, or the id of an event that came
    after: Option<String>,
}

/// Lists events. With `Accept: text/event-stream` it sends them as they come.
///
/// Such a stream begins after `Last-Event-ID`, or `after`, or now. It has messages without a name, each an `Event`; `head`, the block up
/// to which all events were sent; and `reorg`, whose `after` is a block: what was sent of later blocks is void. A reader that takes
/// nothing for 30 seconds is disconnected; with the id of the last message it goes on and misses nothing.
#[utoipa::path(
    get,
    path = "/v1/events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last message of a stream")),
    responses(
        (
            status = 200,
            description = "A page of them, or a stream",
            content((Answer<Page<Event>> = "application/json"), (String = "text/event-stream"))
        ),
        (status = 400, description = "bad_request", body = ApiError),
        (status = 404, description = "no_market", body = ApiError),
        (status = 503, description = "busy", body = ApiError)
    )
)]
pub(crate) async fn events(
    State(state): State<ApiState>,
    QueryOf(asked): QueryOf<EventsQuery>,
    known: Known,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let EventsQuery { market, subject, name, latest_first, limit, after } = asked;
    let subject = subject.map(|subject| subject.0);
    let mut response = if wants_stream(&headers) {
        if latest_first || limit.is_some() {
            return Err(Failure::bad_request(
                "events as they come have no limit and no other order",
            ));
        }
        let after = match headers.get("last-event-id") {
            Some(id) => Some(id.to_str().map_err(Failure::bad_request)?.to_owned()),
            None => after,
        };
        subscribe(state, Wanted { market, subject, name, after }).await?.into_response()
    } else {
        let filter = EventFilter { subject, name, latest_first, limit, after };
        let list = move |transaction: &mut dyn Transaction, id| {
            query::events(transaction, id, &filter).map(Some)
        };
        state.answer(market, known, "page", list).await?
    };
    response.headers_mut().append(header::VARY, header::ACCEPT.into());
    Ok(response)
}

/// Whether the client asks for events as they come.
fn wants_stream(headers: &HeaderMap) -> bool {
    let all = headers.get_all(header::ACCEPT);
    let mut types =
        all.iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    types.any(|part| part.split(';').next().is_some_and(|kind| kind.trim() == EVENT_STREAM))
}
