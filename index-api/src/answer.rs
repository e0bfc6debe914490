//! Answers: of which block they are, and that nothing is sent twice.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use muster_index::database::Transaction;
use muster_index::query::{BlockRef, MarketHead, find_market};
use muster_index::{IndexError, MarketId};
use serde::Serialize;

use crate::failure::Failure;
use crate::parameters::AddressParameter;
use crate::state::ApiState;
use crate::wire::{Answer, ErrorCode};

/// The headers with the number and the hash of an answer's block.
const BLOCK: [HeaderName; 2] =
    [HeaderName::from_static("muster-block"), HeaderName::from_static("muster-block-hash")];

/// What a client has already, by `If-None-Match`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known(Vec<String>);

impl Known {
    /// Whether the client has the answer with this tag.
    fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == tag || known == "*")
    }
}

impl<S: Sync> FromRequestParts<S> for Known {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH);
        let texts = values.iter().filter_map(|value| value.to_str().ok());
        let tags = texts.flat_map(|text| text.split(',')).map(|tag| {
            let tag = tag.trim();
            tag.strip_prefix("W/").unwrap_or(tag).to_owned()
        });
        Ok(Self(tags.collect()))
    }
}

/// The tag of the answers after a block.
fn tag(block: &BlockRef) -> String {
    format!("\"{}\"", block.hash)
}

/// Headers of an answer after a block.
fn headers(block: &BlockRef) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let [number, hash] = BLOCK;
    let texts = [
        (header::ETAG, tag(block)),
        (number, block.number.to_string()),
        (hash, block.hash.to_string()),
    ];
    for (name, text) in texts {
        if let Ok(value) = text.parse() {
            headers.insert(name, value);
        }
    }
    // It may be kept, and must be asked for again.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers
}

/// What was found after a block; `None` if the client has it.
pub(crate) struct Found<T> {
    /// The market and its block.
    pub(crate) head: MarketHead,
    /// The block.
    pub(crate) block: BlockRef,
    /// What was found.
    pub(crate) data: Option<T>,
}

impl<T> Found<T> {
    /// A response of these parts, with the headers of the block.
    pub(crate) fn respond(
        self,
        body: impl FnOnce(MarketHead, BlockRef, T) -> Response,
    ) -> Response {
        let Self { head, block, data } = self;
        let mut response = match data {
            Some(data) => body(head, block, data),
            None => StatusCode::NOT_MODIFIED.into_response(),
        };
        response.headers_mut().extend(headers(&block));
        response
    }

    /// The response that is JSON: an [`Answer`].
    pub(crate) fn json(self) -> Response
    where
        T: Serialize,
    {
        self.respond(|head, block, data| {
            Json(Answer { market: head.market, block, data }).into_response()
        })
    }
}

impl ApiState {
    /// What `work` finds in a market; `what` is not there if it finds nothing.
    pub(crate) async fn find<T: Send + 'static>(
        &self,
        market: Option<AddressParameter>,
        known: Known,
        what: &'static str,
        mut work: impl FnMut(&mut dyn Transaction, MarketId) -> Result<Option<T>, IndexError>
        + Send
        + 'static,
    ) -> Result<Found<T>, Failure> {
        self.read(move |transaction| {
            let head = market_head(transaction, market)?;
            let block = head.head.ok_or_else(|| {
                let text = "the index has not read this market's first block yet: try again later";
                Failure::new(ErrorCode::NotIndexed, text)
            })?;
            if known.has(&tag(&block)) {
                return Ok(Found { head, block, data: None });
            }
            let data = work(transaction, head.id)?;
            if data.is_none() {
                return Err(Failure::new(
                    ErrorCode::NotFound,
                    format_args!("the market has no such {what}"),
                ));
            }
            Ok(Found { head, block, data })
        })
        .await
    }

    /// The JSON of what `work` finds in a market; `what` is not there if it finds nothing.
    pub(crate) async fn answer<T: Serialize + Send + 'static>(
        &self,
        market: Option<AddressParameter>,
        known: Known,
        what: &'static str,
        work: impl FnMut(&mut dyn Transaction, MarketId) -> Result<Option<T>, IndexError>
        + Send
        + 'static,
    ) -> Result<Response, Failure> {
        Ok(self.find(market, known, what, work).await?.json())
    }
}

/// The market that a request is about.
pub(crate) fn market_head(
    transaction: &mut dyn Transaction,
    market: Option<AddressParameter>,
) -> Result<MarketHead, Failure> {
    find_market(transaction, market.map(|market| market.0))?.ok_or_else(|| {
        let text = "the index does not have this market: see /v1/markets";
        Failure::new(ErrorCode::NoMarket, text)
    })
}
