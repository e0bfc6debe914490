//! `muster agreement list`: agreements of the market.

use alloy::primitives::Address;
use clap::{Args, ValueEnum};
use futures::future::try_join_all;
use muster_client::protocol::abi::State;
use muster_client::{Agreement, Application, Market, state_text};

use crate::clock::TickClock;
use crate::context::Context;
use crate::error::CliError;
use crate::options::heading;
use crate::output::ticks::{length_cell, tick_cell};
use crate::output::{Cell, CommandOutput, Table};

/// Options of `muster agreement list`.
#[derive(Debug, Args)]
#[command(
    next_help_heading = heading::COMMAND,
    after_help = "Examples:\n  muster agreement list --json\n  \
        muster agreement list --mine --account dev:cleo --state running"
)]
pub(crate) struct Options {
    /// List only agreements of the account, as their client or as one of their workers
    #[arg(long)]
    mine: bool,

    /// List only agreements in this state; repeat it for several
    #[arg(long, value_enum, value_name = "STATE")]
    state: Vec<StateFilter>,
}

/// A state of an agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum StateFilter {
    /// Nobody has accepted yet
    Offered,
    /// A worker has accepted
    Running,
    /// The agreed time is over, and testers may report
    Reporting,
    /// Anybody may settle
    Due,
    /// Everybody is paid
    Settled,
    /// Nobody accepted in time
    Void,
}

impl StateFilter {
    /// The state.
    const fn state(self) -> State {
        match self {
            Self::Offered => State::Offered,
            Self::Running => State::Running,
            Self::Reporting => State::Reporting,
            Self::Due => State::Due,
            Self::Settled => State::Settled,
            Self::Void => State::Void,
        }
    }
}

/// Lists agreements, the oldest first.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let (market, account) = if options.mine {
        let market = context.signing_market().await?;
        let account = market.account()?;
        (market, Some(account))
    } else {
        (context.market().await?, None)
    };
    let clock = context.clock(&market).await?;
    let agreements = market.agreements().await?;
    let rows =
        agreements.into_iter().map(|address| row(&market, &clock, address, account, &options));
    let rows = try_join_all(rows).await?.into_iter().flatten();
    context.print(&CommandOutput::default().table(Table::new(
        "agreements",
        ["agreement", "state", "client", "application", "redundancy", "length", "end", "balance"],
        rows,
    )))
}

/// The row of an agreement; `None` if it is not to be listed.
async fn row(
    market: &Market,
    clock: &TickClock,
    address: Address,
    account: Option<Address>,
    options: &Options,
) -> Result<Option<Vec<Cell>>, CliError> {
    let agreement = market.agreement(address).await?;
    if account.is_some_and(|account| !is_party(&agreement, account)) {
        return Ok(None);
    }
    let (now, head) = (agreement.state().await?, agreement.terms().header);
    if !options.state.is_empty() && !options.state.iter().any(|state| state.state() == now) {
        return Ok(None);
    }
    let end = agreement.times(&agreement.progress().await?).end();
    Ok(Some(vec![
        Cell::address(address),
        Cell::text(state_text(now)),
        Cell::address(head.client),
        Cell::text(Application(head.application)),
        Cell::count(head.redundancy),
        length_cell(clock, head.length),
        tick_cell(clock, end),
        Cell::Wei(market.node().balance(address).await?),
    ]))
}

/// Whether an account is the client or a worker of an agreement.
fn is_party(agreement: &Agreement, account: Address) -> bool {
    let terms = agreement.terms();
    terms.header.client == account || terms.workers().any(|worker| worker.account == account)
}
