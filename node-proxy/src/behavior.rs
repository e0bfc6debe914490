//! What nodes do.

use axum::http::StatusCode;
use tokio::time::Duration;

/// How a node answers.
#[derive(Clone, Debug)]
pub enum Behavior {
    /// As the node behind it.
    Healthy,
    /// As the node behind it, after this delay.
    Slow(Duration),
    /// With no JSON.
    NotJson,
    /// With a status of HTTP.
    HttpError(StatusCode),
    /// With a JSON-RPC error of this code.
    RpcError(i64),
    /// As a node of another chain, which is at this URL.
    OtherChain(String),
    /// As if this block stayed the latest.
    Stuck(u64),
    /// As if its state were so many blocks behind its receipts.
    Behind(u64),
    /// One answer of the node behind it, then one of a node that is so many blocks behind, and again.
    Flapping(u64),
    /// With logs of so many blocks at most.
    LogRange(u64),
    /// To so many requests a second, as many at once, and refuses others in these words.
    PerSecond(u32, Words),
    /// Not to these methods, with a JSON-RPC error of this code and message.
    Refuses(&'static [&'static str], i64, &'static str),
    /// As the node behind it; but after it has done what this method asks, with a JSON-RPC error of this code and message.
    Answers(&'static str, i64, &'static str),
}

/// How providers say that there were too many requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// The status 429, and a text.
    Status,
    /// The status 429, with so many seconds in the header `retry-after`.
    Header(u32),
    /// A JSON-RPC error -32005 that names the seconds to wait in its data.
    Data,
    /// A JSON-RPC error -32029.
    Code,
    /// A JSON-RPC error -32007 in words alone.
    Text,
}
