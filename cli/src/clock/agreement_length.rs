//! The length of an agreement, by an option and the market.

use muster_client::Market;

use super::{ClockError, Span};

/// The length of an agreement in ticks: that which is wanted, or the shortest that the market sells.
///
/// # Errors
/// [`ClockError`], with [`muster_client::MarketError::LengthOutOfRange`].
pub(crate) async fn agreement_length(
    market: &Market,
    wanted: Option<Span>,
) -> Result<u32, ClockError> {
    let wanted = match wanted {
        Some(wanted) => Some(wanted.ticks(market).await?),
        None => None,
    };
    Ok(market.agreement_length(wanted)?)
}
