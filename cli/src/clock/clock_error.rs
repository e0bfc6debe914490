//! Why a time cannot be ticks.

use muster_client::MarketError;

/// A time that is no number of ticks.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClockError {
    /// The market or the node.
    #[error(transparent)]
    Market(#[from] MarketError),
    /// Too few blocks to know how long one takes.
    #[error(
        "the market's ticks are blocks, and this chain has too few to know how long one takes: give a number of ticks"
    )]
    UnknownSpeed,
    /// More ticks than there can be.
    #[error("{0} ticks are more than a length can have, which is 4294967295")]
    TooLong(u128),
}
