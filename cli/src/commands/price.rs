//! `muster price`: from dollars an hour to the price of a tick, and back.

use std::time::Duration;

use alloy::primitives::U256;
use clap::{ArgGroup, Args};

use crate::clock::{self, TickClock};
use crate::context::Context;
use crate::dollars::{Dollars, dollars};
use crate::error::CliError;
use crate::options::heading;
use crate::output::{Cell, CommandOutput};
use crate::parse;

/// Microseconds of an hour.
const HOUR: u64 = 3_600_000_000;

/// Wei of an ether.
const ETHER: u64 = 1_000_000_000_000_000_000;

/// Options of `muster price`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("price").required(true).args(["usd_per_hour", "per_tick"]),
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster price --usd-per-hour 0.02 --eth-usd 3000\n  \
        muster price --per-tick 40000gwei --eth-usd 3000 --tick 250ms"
)]
pub(crate) struct Options {
    /// Dollars that an hour of work is to cost
    #[arg(long, value_name = "USD", value_parser = dollars)]
    usd_per_hour: Option<Dollars>,

    /// Price of a tick, to turn into dollars
    #[arg(long, value_name = "AMOUNT", value_parser = parse::wei)]
    per_tick: Option<u128>,

    /// Dollars that an ether costs
    #[arg(long, value_name = "USD", value_parser = dollars)]
    eth_usd: Dollars,

    /// How long a tick is, such as 1s or 250ms; no market is asked then [default: as the market's clock has it]
    #[arg(long, value_name = "TIME", value_parser = clock::tick_length)]
    tick: Option<Duration>,
}

/// Shows a price in all units.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let micros = match options.tick {
        Some(tick) => u64::try_from(tick.as_micros()).unwrap_or(u64::MAX),
        None => TickClock::of(&context.market().await?).await?.tick_length()?,
    };
    let rate = Rate { eth_usd: options.eth_usd, micros };
    let price = match (options.per_tick, options.usd_per_hour) {
        (Some(price), _) => U256::from(price),
        (None, hourly) => rate.price(hourly.unwrap_or_default()),
    };
    context.print(&CommandOutput::new([
        ("price", Cell::Wei(price)),
        ("price_per_hour", Cell::Wei(rate.hourly(price))),
        ("usd_per_hour", Cell::text(rate.dollars(price))),
        ("eth_usd", Cell::text(options.eth_usd)),
        ("tick_microseconds", Cell::Count(micros)),
    ]))
}

/// How ticks and dollars relate.
struct Rate {
    /// Dollars for an ether, more than none.
    eth_usd: Dollars,
    /// Microseconds of a tick, more than none.
    micros: u64,
}

impl Rate {
    /// The price of a tick in wei for so many dollars an hour, rounded up: nobody earns less than was asked for.
    fn price(&self, dollars: Dollars) -> U256 {
        let wei =
            dollars.0.saturating_mul(U256::from(ETHER)).saturating_mul(U256::from(self.micros));
        wei.div_ceil(self.eth_usd.0.saturating_mul(U256::from(HOUR)))
    }

    /// The wei of an hour at this price of a tick, rounded down.
    fn hourly(&self, price: U256) -> U256 {
        let wei = price.saturating_mul(U256::from(HOUR));
        wei.checked_div(U256::from(self.micros)).unwrap_or_default()
    }

    /// The dollars of an hour at this price of a tick, rounded down to the 18th decimal.
    fn dollars(&self, price: U256) -> Dollars {
        let wei = price.saturating_mul(U256::from(HOUR)).saturating_mul(self.eth_usd.0);
        let whole = U256::from(self.micros).saturating_mul(U256::from(ETHER));
        Dollars(wei.checked_div(whole).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_an_hour_are_wei_a_tick_and_back() {
        let eth_usd = dollars("3000").unwrap();
        let seconds = Rate { eth_usd, micros: 1_000_000 };
        // 0.02 dollars are 6.66… microether, in 3,600 ticks.
        let price = seconds.price(dollars("0.02").unwrap());
        assert_eq!(price, U256::from(1_851_851_852_u64));
        assert_eq!(seconds.hourly(price), U256::from(6_666_666_667_200_u64));
        assert_eq!(seconds.dollars(price).to_string(), "0.0200000000016");
        let blocks = Rate { eth_usd, micros: 250_000 };
        let price = blocks.price(dollars("0.02").unwrap());
        assert_eq!(price, U256::from(462_962_963_u64));
        // A price that is exact both ways.
        let price = U256::from(40_000_000_000_000_u64);
        assert_eq!(seconds.dollars(price).to_string(), "432");
        assert_eq!(seconds.price(dollars("432").unwrap()), price);
    }
}
