//! `muster client watch`: the events and the state of one agreement, from its purchase to its settlement.

use std::time::Duration;

use alloy::primitives::Address;
use clap::Args;
use indicatif::ProgressBar;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_client::protocol::abi::State;
use muster_client::{
    Agreement, ChainUpdate, EventRecord, MarketError, MarketEvent, measurement, state_text,
    window_shares,
};
use tokio::time::timeout;

use crate::clock::TickClock;
use crate::context::Context;
use crate::daemon::signalled;
use crate::error::CliError;
use crate::output::agreement::{shares_text, uptime_cell};
use crate::output::events::{print_record, print_reorg};
use crate::output::ticks::tick_cell;
use crate::output::{Cell, Fields};
use crate::{parse, progress};

/// Time without an event after which the state is read.
const QUIET_PERIOD: Duration = Duration::from_millis(500);

/// The bar on a terminal.
const BAR_TEMPLATE: &str = "{bar:30} {pos}/{len} ticks, {msg}";

/// Options of `muster client watch`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  muster client watch 0x8ba1f109551bD432803012645Ac136ddd64DBA72"
)]
pub(crate) struct Options {
    /// Agreement to watch
    #[arg(value_parser = parse::contract_address)]
    agreement: Address,
}

/// What was printed of an agreement.
struct WatchView<'a> {
    /// How to print.
    context: &'a Context,
    /// The agreement.
    agreement: Agreement,
    /// The market's clock.
    clock: TickClock,
    /// The state and the window that were printed last.
    shown: Option<(State, Option<u8>)>,
    /// The shares of each worker so far.
    shares: Vec<String>,
    /// The bar, hidden without a terminal.
    bar: ProgressBar,
}

/// Prints until the agreement is settled, or until SIGINT or SIGTERM.
pub(super) async fn run(context: &Context, options: Options) -> Result<(), CliError> {
    let signalled = signalled()?;
    let agreement = context.market().await?.agreement(options.agreement).await?;
    let bar = progress::bar(context, agreement.terms().header.length.into(), BAR_TEMPLATE);
    let clock = context.clock(agreement.market()).await?;
    let view = WatchView { context, agreement, clock, shown: None, shares: Vec::new(), bar };
    tokio::select! {
        result = view.run() => result,
        () = signalled => Ok(()),
    }
}

impl WatchView<'_> {
    /// Prints events, and the state whenever it has changed, until the agreement is over.
    async fn run(mut self) -> Result<(), CliError> {
        let (mut watch, mut was_over) = (self.agreement.watch(), false);
        loop {
            match timeout(QUIET_PERIOD, watch.next()).await {
                Ok(ChainUpdate::Event(record)) => self.show_event(&record).await?,
                Ok(ChainUpdate::Reorg(block)) => {
                    self.bar.suspend(|| print_reorg(block, self.context.is_json()))?;
                }
                Err(_) => match self.show_status().await {
                    // The events of the end itself may still be to come.
                    Ok(true) if was_over => return Ok(()),
                    Ok(is_over) => was_over = is_over,
                    Err(CliError::Market(error)) if error.is_temporary() => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Prints an event.
    async fn show_event(&mut self, record: &EventRecord) -> Result<(), CliError> {
        self.bar.suspend(|| print_record(record, &self.clock, self.context.is_json()))?;
        if matches!(record.event, MarketEvent::Agreement(_, IWorkAgreementEvents::Reported(_))) {
            self.show_shares().await?;
        }
        Ok(())
    }

    /// Prints the shares that follow from the reports so far.
    async fn show_shares(&mut self) -> Result<(), CliError> {
        let (progress, terms) = (self.agreement.progress().await?, self.agreement.terms());
        let shares = window_shares(terms, &progress, &self.agreement.reports().await?);
        self.shares = shares.iter().map(|shares| shares_text(shares)).collect();
        for ((index, worker), shares) in (0_u8..).zip(terms.workers()).zip(&shares) {
            let measured = measurement(shares);
            let line = vec![
                ("index", Cell::count(index)),
                ("account", Cell::address(worker.account)),
                ("shares", Cell::Text(shares_text(shares))),
                ("uptime", uptime_cell(measured.known, measured.measured.basis_points())),
            ];
            self.print("Shares", &line)?;
        }
        Ok(())
    }

    /// Prints the state if it has changed, and returns whether the agreement is over.
    async fn show_status(&mut self) -> Result<bool, CliError> {
        let agreement = &self.agreement;
        let (now, window) = (agreement.state().await?, agreement.window().await?);
        let tick = agreement.market().now().await?;
        let progress = agreement.progress().await?;
        let end = agreement.times(&progress).end();
        let start = progress.start();
        self.bar.set_length(end.saturating_sub(start));
        self.bar.set_position(if start == 0 { 0 } else { tick.min(end).saturating_sub(start) });
        let shares = self.shares.join(", ");
        self.bar.set_message(format!("{} {shares}", state_text(now)));
        if self.shown != Some((now, window)) {
            self.shown = Some((now, window));
            let line = self.status_fields(now, window, tick).await?;
            self.print("State", &line)?;
        }
        Ok(matches!(now, State::Settled | State::Void))
    }

    /// The fields of the state.
    async fn status_fields(
        &self,
        now: State,
        window: Option<u8>,
        tick: u64,
    ) -> Result<Fields, MarketError> {
        let agreement = &self.agreement;
        let balance = agreement.market().node().balance(agreement.address()).await?;
        let progress = agreement.progress().await?;
        let ticks = agreement.windows(&progress).into_iter().find(|(k, _)| Some(*k) == window);
        Ok(vec![
            ("tick", tick_cell(&self.clock, tick)),
            ("state", Cell::text(state_text(now))),
            ("window", window.map_or(Cell::None, Cell::count)),
            ("until", ticks.map_or(Cell::None, |(_, ticks)| tick_cell(&self.clock, ticks.end))),
            ("escrow", Cell::wei(agreement.escrow())),
            ("balance", Cell::Wei(balance)),
        ])
    }

    /// Prints a line above the bar.
    fn print(&self, name: &str, fields: &Fields) -> Result<(), CliError> {
        self.bar.suspend(|| self.context.print_event(name, fields))
    }
}
