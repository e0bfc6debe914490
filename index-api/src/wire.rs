//! What goes over the wire, besides the answers of [`muster_index::query`].

use muster_index::query::{Account, BlockRef};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An answer: what the market was after a block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answer<T> {
    /// The market's contract.
    pub market: Account,
    /// The block. What it says is never to be trusted for money: ask the chain again before signing anything.
    pub block: BlockRef,
    /// What was asked for.
    pub data: T,
}

/// What is wrong with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The query or the path is malformed, or out of range.
    BadRequest,
    /// The API has no such path.
    NoRoute,
    /// The path has no such method: everything is read by GET.
    NoMethod,
    /// The index does not have this market.
    NoMarket,
    /// There is no such worker, agreement, tester or evidence.
    NotFound,
    /// More requests than the operator allows come from this address.
    TooManyRequests,
    /// Too many requests wait, or too many readers of events stay.
    Busy,
    /// The index has not read the market's first block yet.
    NotIndexed,
    /// The database failed.
    Internal,
}

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// The code.
    pub error: ErrorCode,
    /// The reason, for people.
    pub message: String,
}
