//! `muster client watch`: an agreement as it goes, from its purchase to its settlement.

use std::time::Duration;

use alloy::primitives::Address;
use indicatif::ProgressBar;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents;
use muster_client::protocol::abi::State;
use muster_client::{
    Agreement, ChainUpdate, EventRecord, MarketError, MarketEvent, judgement, state_text, votes,
};
use tokio::time::timeout;

use crate::commands::agreement::verdict_chars;
use crate::commands::history::{print_record, print_reorg};
use crate::context::Context;
use crate::error::CliError;
use crate::output::{Cell, Fields};
use crate::progress;

/// How long nothing has to happen until it is looked at how things stand.
const QUIET_PERIOD: Duration = Duration::from_millis(500);

/// How far the agreement is, on a terminal.
const BAR_TEMPLATE: &str = "{bar:30} {pos}/{len} ticks, {msg}";

/// What is shown of an agreement.
struct WatchView<'a> {
    /// How to print.
    context: &'a Context,
    /// The agreement.
    agreement: Agreement,
    /// The state and the window that were shown last.
    shown: Option<(State, Option<u8>)>,
    /// What testers say of each worker so far.
    verdicts: Vec<String>,
    /// How far it is; hidden unless somebody sits before it.
    bar: ProgressBar,
}

/// Shows an agreement until it is settled, or until ctrl-c.
pub(super) async fn run(context: &Context, agreement: Address) -> Result<(), CliError> {
    let agreement = context.market().await?.agreement(agreement).await?;
    let bar = progress::bar(context, agreement.terms().header.length.into(), BAR_TEMPLATE);
    let view = WatchView { context, agreement, shown: None, verdicts: Vec::new(), bar };
    tokio::select! {
        ended = view.run() => ended,
        // An error here means that ctrl-c cannot be heard; the watch then ends at once.
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

impl WatchView<'_> {
    /// Shows what happens, and in between how things stand, to the end.
    async fn run(mut self) -> Result<(), CliError> {
        let (mut watch, mut was_over) = (self.agreement.watch(), false);
        loop {
            match timeout(QUIET_PERIOD, watch.next()).await {
                Ok(ChainUpdate::Event(item)) => self.show_event(&item).await?,
                Ok(ChainUpdate::Reorg(block)) => {
                    self.bar.suspend(|| print_reorg(self.context, block))?;
                }
                Err(_) => match self.look().await {
                    // The end itself may have happened just now, and is to be shown.
                    Ok(true) if was_over => return Ok(()),
                    Ok(is_over) => was_over = is_over,
                    Err(CliError::Market(error)) if error.is_temporary() => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Shows something that happened.
    async fn show_event(&mut self, item: &EventRecord) -> Result<(), CliError> {
        self.bar.suspend(|| print_record(self.context, item))?;
        if matches!(item.event, MarketEvent::Agreement(_, IWorkAgreementEvents::Reported(_))) {
            self.show_verdicts().await?;
        }
        Ok(())
    }

    /// Shows what the reports say so far.
    async fn show_verdicts(&mut self) -> Result<(), CliError> {
        let (progress, terms) = (self.agreement.progress().await?, self.agreement.terms());
        let votes = votes(terms, &progress, &self.agreement.reports().await?);
        self.verdicts = votes.iter().map(|votes| verdict_chars(votes)).collect();
        for ((index, worker), votes) in (0..).zip(terms.workers()).zip(&votes) {
            let record = judgement(terms, &progress, index, votes).tally;
            let line = vec![
                ("worker", Cell::count(index)),
                ("account", Cell::text(worker.account)),
                ("windows", Cell::Text(verdict_chars(votes))),
                ("served", Cell::count(record.served)),
                ("failed", Cell::count(record.failed)),
            ];
            self.print("Verdict", &line)?;
        }
        Ok(())
    }

    /// Shows how things stand, if that has changed; whether it is over.
    async fn look(&mut self) -> Result<bool, CliError> {
        let agreement = &self.agreement;
        let (now, window) = (agreement.state().await?, agreement.window().await?);
        let tick = agreement.market().now().await?;
        let progress = agreement.progress().await?;
        let end = agreement.times(&progress).end();
        self.bar.set_length(end.saturating_sub(progress.start));
        self.bar.set_position(if progress.start == 0 {
            0
        } else {
            tick.min(end).saturating_sub(progress.start)
        });
        let verdicts = self.verdicts.join(" ");
        self.bar.set_message(format!("{} {verdicts}", state_text(now)));
        if self.shown != Some((now, window)) {
            self.shown = Some((now, window));
            let line = self.status_fields(now, window, tick).await?;
            self.print("State", &line)?;
        }
        Ok(matches!(now, State::Settled | State::Void))
    }

    /// How things stand.
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
            ("tick", Cell::Count(tick)),
            ("state", Cell::text(state_text(now))),
            ("window", window.map_or(Cell::None, Cell::count)),
            ("until", ticks.map_or(Cell::None, |(_, ticks)| Cell::Count(ticks.end))),
            ("escrow", Cell::wei(agreement.escrow())),
            ("balance", Cell::Wei(balance)),
        ])
    }

    /// Prints a line beside the bar.
    fn print(&self, name: &str, facts: &Fields) -> Result<(), CliError> {
        self.bar.suspend(|| self.context.print_event(name, facts))
    }
}
