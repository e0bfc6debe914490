//! A worker.

use alloy::primitives::Address;
use maud::{Render, html};
use muster_index::database::Transaction;
use muster_index::query::{
    AgreementFilter, AgreementSummary, Wei, Worker, WorkerHistory, agreements, worker,
    worker_history,
};

use crate::charts::{bar_chart, line_chart};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;
use crate::text;

/// A worker: its offer, its past, its agreements.
#[derive(Clone, Debug)]
pub(crate) struct WorkerPage {
    /// The worker.
    pub(crate) worker: Worker,
    /// Its past.
    pub(crate) history: WorkerHistory,
    /// Its latest agreements.
    pub(crate) agreements: Vec<AgreementSummary>,
}

impl WorkerPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        account: Address,
    ) -> Result<Self, DashboardError> {
        let found = worker(transaction, market.id, account)?.ok_or_else(|| {
            DashboardError::NotFound(format!("{account} is no worker of this market"))
        })?;
        let filter = AgreementFilter {
            worker: Some(account),
            limit: Some(20),
            ..AgreementFilter::default()
        };
        Ok(Self {
            worker: found,
            history: worker_history(transaction, market.id, account)?,
            agreements: agreements(transaction, market.id, &filter)?.items,
        })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let worker = &self.worker;
        let prices: Vec<_> = self.history.prices.iter().map(|p| (p.time, p.price.0)).collect();
        let scores: Vec<_> = self.history.scores.iter().map(|p| (p.time, p.score.into())).collect();
        let income = self
            .history
            .income
            .iter()
            .map(|p| (p.day, p.pay.0.saturating_add(p.fees.0), p.slash.0));
        let income: Vec<_> = income.collect();
        let amount = |value| text::amount(Wei(value));
        let percent = |value: u128| text::percent(u16::try_from(value).unwrap_or(u16::MAX));
        let price_caption = format!("Price per {}", market.tick_unit());
        let content = html! {
            h1 { "Worker " (worker.number) }
            (parts::facts([
                ("Account", html! { a href={ "/account/" (worker.account) } { (parts::whole(worker.account)) } }),
                ("Application", parts::application_link(worker.application)),
                ("Price", parts::price(worker.price, market)),
                ("In its book", html! { @if worker.listed { "yes" } @else if worker.available { "no: no free place, or too little stake" } @else { "no: it takes no new work" } }),
                ("Agreements now", html! { (worker.active) " of " (worker.capacity) }),
                ("Longest agreement", html! { (parts::ticks(worker.max_length.into(), market)) }),
                ("Promised uptime", html! { (text::percent(worker.promise)) }),
                ("Score", html! { (text::percent(worker.score)) }),
                ("Absent so far", worker.misses.render()),
                ("Stake", html! { (parts::amount(worker.stake)) ", of which " (parts::amount(worker.locked)) " is locked in bonds" }),
                ("Key for messages", parts::whole(worker.key)),
                ("Registered", parts::time(worker.registered)),
            ]))
            (parts::actions(market, &[
                (format!("/act/price?from={}", worker.account), "Set the price"),
                (format!("/act/availability?from={}", worker.account), "Set availability"),
            ]))
            section aria-labelledby="past" {
                h2 #past { "Over time" }
                div.charts {
                    (line_chart(&price_caption, &prices, &amount))
                    (line_chart("Score", &scores, &percent))
                    (bar_chart("Income and losses by day", ("Income", "Lost stake"), &income, &amount))
                }
            }
            section aria-labelledby="agreements" {
                h2 #agreements { "Agreements" }
                (parts::agreements("Latest agreements of this worker", &self.agreements))
                p { a href={ "/agreements?worker=" (worker.account) } { "All agreements of this worker" } }
            }
        };
        (format!("Worker {}", worker.number), content)
    }
}
