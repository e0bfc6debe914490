//! Options for what a worker offers.

use clap::Args;
use muster_client::protocol::abi::Settings;
use muster_client::protocol::money;
use muster_client::{Market, Offer};

use crate::clock::{self, ClockError, Span};
use crate::options::heading;
use crate::parse;

/// What a worker offers.
#[derive(Debug, Args)]
#[command(next_help_heading = heading::COMMAND)]
pub(crate) struct OfferArgs {
    /// Price of a tick, such as 20gwei
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    price: u128,

    /// Longest agreement, in ticks or as a time
    #[arg(long, value_name = "TICKS|TIME", value_parser = clock::length, default_value_t = Span::Plain(86_400))]
    max_length: Span,

    /// Promised uptime, in basis points or as a percentage
    #[arg(long, value_name = "PERCENT", default_value = "95%", value_parser = parse::basis_points)]
    promise: u16,

    /// Agreements at a time
    #[arg(long, value_name = "N", default_value_t = 1)]
    capacity: u16,
}

impl OfferArgs {
    /// As this market takes it.
    ///
    /// # Errors
    /// [`ClockError`]
    pub(crate) async fn offer(&self, market: &Market) -> Result<Offer, ClockError> {
        let Self { price, max_length, promise, capacity } = *self;
        let max_length = max_length.ticks(market).await?;
        Ok(Offer { price, max_length, promise, capacity })
    }
}

/// The bonds, in wei, of as many agreements of the longest kind as a worker takes at a time: the usual stake.
pub(crate) fn total_bonds(offer: &Offer, settings: &Settings) -> u128 {
    let bond = money::bond(offer.price, offer.max_length, settings.bondBps, settings.minBond);
    bond.saturating_mul(offer.capacity.into())
}
