//! `muster statement`: what an account earned and paid in a month.

use alloy::primitives::Address;
use clap::Args;
use jiff::tz::TimeZone;

use crate::clock::Month;
use crate::commands::statement::blocks::{block_times, blocks_between};
use crate::commands::statement::entries::{Entry, market_entries};
use crate::commands::statement::gas::gas_entries;
use crate::commands::statement::output::{csv_text, statement_output};
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::print_line;
use crate::parse;

mod blocks;
mod entries;
mod gas;
mod output;

/// Options of `muster statement`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster statement --month 2026-11 --account dev:ada\n  \
        muster statement 0x8ba1f109551bD432803012645Ac136ddd64DBA72 --month 2026-11 --csv"
)]
pub(crate) struct Options {
    /// Account: an address, a name, or a dev account such as dev:alice [default: the account itself]
    #[arg(value_parser = parse::account_address, value_name = "ADDRESS|NAME")]
    whose: Option<Address>,

    /// Month in local time, such as 2026-11
    #[arg(long, value_name = "YYYY-MM")]
    month: Month,

    /// Print comma-separated values: a line for each entry, amounts in wei, times in UTC
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// Prints the statement.
pub(crate) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let market = context.market().await?;
    let account = match options.whose {
        Some(account) => account,
        None => context.signer(market.node().chain_id())?.address(),
    };
    let seconds = options.month.seconds(&TimeZone::system());
    let entries = match blocks_between(&market, seconds).await? {
        None => Vec::new(),
        Some((from, to)) => {
            let history = market.history(from, to).await?;
            let mut entries = market_entries(&history, account);
            entries.extend(gas_entries(market.node(), &history, account).await?);
            entries.sort_by_key(|entry: &Entry| (entry.block, entry.log_index));
            entries
        }
    };
    let times = block_times(market.node(), entries.iter().map(|entry| entry.block)).await?;
    if options.csv {
        print_line(csv_text(&entries, &times)?.trim_end())
    } else {
        context.print(&statement_output(account, options.month, &entries, &times))
    }
}
