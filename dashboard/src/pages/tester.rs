//! A tester.

use alloy::primitives::Address;
use maud::{Render, html};
use muster_index::database::Transaction;
use muster_index::query::{Tester, Wei, WorkerHistory, tester, worker_history};

use crate::charts::bar_chart;
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;
use crate::text;

/// A tester: its bond, its lists, its fees.
#[derive(Clone, Debug)]
pub(crate) struct TesterPage {
    /// The tester.
    pub(crate) tester: Tester,
    /// Its past.
    pub(crate) history: WorkerHistory,
}

impl TesterPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        account: Address,
    ) -> Result<Self, DashboardError> {
        let found = tester(transaction, market.id, account)?.ok_or_else(|| {
            DashboardError::NotFound(format!("{account} is no tester of this market"))
        })?;
        let history = worker_history(transaction, market.id, account)?;
        Ok(Self { tester: found, history })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let tester = &self.tester;
        let income = self.history.income.iter().map(|p| (p.day, p.fees.0, p.slash.0));
        let income: Vec<_> = income.collect();
        let written = |value| text::amount(Wei(value));
        let epoch = parts::ticks(market.settings.epochLength.into(), market);
        let is_free = tester.epoch >= tester.free_from;
        let content = html! {
            h1 { "Tester " (tester.number) }
            (parts::facts([
                ("Account", html! { a href={ "/account/" (tester.account) } { (parts::whole(tester.account)) } }),
                ("Bond", parts::amount(tester.stake)),
                ("Bond free", html! {
                    @if is_free { "yes" } @else { "from epoch " (tester.free_from) " on; it is epoch " (tester.epoch) " now" }
                }),
                ("An epoch is", html! { (epoch) }),
                ("Last list", html! { @if tester.last_epoch == 0 { "none" } @else { "that of epoch " (tester.last_epoch) } }),
                ("Lists so far", tester.lists.render()),
                ("Reports so far", tester.reports.render()),
                ("Fees so far", parts::amount(tester.fees)),
            ]))
            section aria-labelledby="past" {
                h2 #past { "Over time" }
                div.charts { (bar_chart("Fees by day", ("Fees", "Lost"), &income, &written)) }
            }
            p { a href={ "/events?subject=" (tester.account) } { "Events of this tester" } }
        };
        (format!("Tester {}", tester.number), content)
    }
}
