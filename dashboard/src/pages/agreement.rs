//! An agreement: what was measured, where the money goes, what can be done.

use alloy::primitives::Address;
use maud::{Markup, Render, html};
use muster_index::database::Transaction;
use muster_index::query::{
    Agreement, AgreementWorker, Event, EventFilter, OpenCall, Payment, Wei, agreement, events,
};

use super::events::event_table;
use crate::charts::{Flow, Moment, flow_chart, heat_map, timeline};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;
use crate::text;

/// An agreement.
#[derive(Clone, Debug)]
pub(crate) struct AgreementPage {
    /// The agreement.
    pub(crate) agreement: Agreement,
    /// Its latest events.
    pub(crate) events: Vec<Event>,
}

impl AgreementPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        address: Address,
    ) -> Result<Self, DashboardError> {
        let found = agreement(transaction, market.id, address)?.ok_or_else(|| {
            DashboardError::NotFound(format!("{address} is no agreement of this market"))
        })?;
        let filter =
            EventFilter { subject: Some(address), latest_first: true, ..EventFilter::default() };
        let events = events(transaction, market.id, &filter)?.items;
        Ok(Self { agreement: found, events })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let found = &self.agreement;
        let summary = &found.summary;
        let content = html! {
            h1 { "Agreement " (summary.number) }
            (self.facts(market))
            section aria-labelledby="calls" {
                h2 #calls { "What can be called now" }
                (calls(&found.calls))
                (parts::actions(market, &self.action_links()))
            }
            section aria-labelledby="course" {
                h2 #course { "Course" }
                (timeline(&moments(found), &windows(found), found.tick, market))
            }
            section aria-labelledby="money" {
                h2 #money { "Money" }
                @let caption = if found.closed.is_some() { "Who got what" } else { "Who would get what by the reports so far" };
                div.charts { (flow_chart(caption, &flows(summary.client.0, &found.payments))) }
            }
            section aria-labelledby="measured" {
                h2 #measured { "What was measured" }
                @if found.testers == 0 {
                    p { "It was bought without testers, so nothing is measured: workers that accepted are paid." }
                } @else {
                    p { "A window counts as the median of what its testers report. A dash is a seat that said nothing." }
                    (heat_map(&found.workers, found.windows))
                }
            }
            section aria-labelledby="workers" {
                h2 #workers { "Workers" }
                (worker_table(&found.workers))
            }
            section aria-labelledby="events" {
                h2 #events { "Events" }
                (event_table("Events of this agreement, the latest first", &self.events))
            }
        };
        (format!("Agreement {}", summary.number), content)
    }

    /// The calls that the dashboard makes, if they are open.
    fn action_links(&self) -> Vec<(String, &'static str)> {
        let agreement = self.agreement.summary.agreement;
        let client = self.agreement.summary.client;
        let link = |call: &OpenCall| match call.call {
            "cancel" => {
                Some((format!("/act/cancel?agreement={agreement}&from={client}"), "Cancel"))
            }
            "release" => Some((format!("/act/release?agreement={agreement}"), "Release workers")),
            "settle" => Some((format!("/act/settle?agreement={agreement}"), "Settle")),
            _ => None,
        };
        self.agreement.calls.iter().filter_map(link).collect()
    }

    /// What it is.
    fn facts(&self, market: &Indexed) -> Markup {
        let found = &self.agreement;
        let summary = &found.summary;
        parts::facts([
            ("Contract", parts::whole(summary.agreement)),
            ("State", parts::state(summary.state)),
            ("Client", parts::account_link(summary.client)),
            ("Application", parts::application_link(summary.application)),
            ("Escrow", parts::amount(summary.escrow)),
            ("Workers", summary.redundancy.render()),
            ("Length", html! { (parts::ticks(summary.length.into(), market)) }),
            (
                "Windows",
                html! { (found.windows) ", each with " (text::count(found.testers.into(), "tester", "testers")) },
            ),
            ("Bought", html! { (parts::time(summary.bought)) ", block " (found.block) }),
            (
                "Drawn from",
                html! { (found.tester_pool) " places of the list of epoch " (found.tester_epoch) },
            ),
        ])
    }
}

/// The calls that are open, and to whom.
fn calls(calls: &[OpenCall]) -> Markup {
    let rows = calls.iter().map(|call| {
        let by = html! {
            @if call.anyone { "anybody" }
            @for account in &call.by { (parts::account_link(*account)) " " }
        };
        vec![html! { (call.call) }, by]
    });
    parts::table("Open calls", &["Call", "By whom"], rows)
}

/// The moments of an agreement, in the order of time.
fn moments(found: &Agreement) -> Vec<Moment> {
    let summary = &found.summary;
    let mut all = vec![
        Moment { name: "Bought", tick: found.purchased },
        Moment { name: "Last moment to accept", tick: found.accept_until },
        Moment { name: "Due: anybody may settle it", tick: found.due },
    ];
    if summary.start != 0 {
        all.push(Moment { name: "First worker accepted", tick: summary.start });
        all.push(Moment { name: "Ends; testers report", tick: summary.end });
    }
    all.sort_by_key(|moment| moment.tick);
    all
}

/// The windows until the end, each from its first tick to the first after it.
fn windows(found: &Agreement) -> Vec<(u64, u64)> {
    let summary = &found.summary;
    let length = summary.length.checked_div(found.windows.into()).unwrap_or(0);
    if summary.start == 0 || length == 0 {
        return Vec::new();
    }
    let bounds = (0..found.windows).map(|window| {
        let from = summary.start.saturating_add(u64::from(window).saturating_mul(length.into()));
        let is_last = window.saturating_add(1) == found.windows;
        let until = if is_last {
            summary.start.saturating_add(summary.length.into())
        } else {
            from.saturating_add(length.into())
        };
        (from, until.min(summary.end))
    });
    bounds.filter(|(from, until)| from < until).collect()
}

/// Where the money of an agreement goes.
fn flows(client: Address, payments: &[Payment]) -> Vec<Flow> {
    let sum = |entry: &str| {
        let amounts = payments.iter().filter(|payment| payment.entry == entry);
        amounts.fold(0_u128, |sum, payment| sum.saturating_add(payment.amount.0))
    };
    let escrow =
        |to: String, amount| Flow { from: "Escrow", to, is_loss: false, amount: Wei(amount) };
    let bonds = |to: String, amount| Flow { from: "Bonds", to, is_loss: true, amount: Wei(amount) };
    let pay = payments.iter().filter(|payment| payment.entry == "pay").map(|payment| {
        let worker = text::short_address(payment.account.0);
        escrow(format!("worker {worker}"), payment.amount.0)
    });
    let client = text::short_address(client);
    let mut all: Vec<_> = pay.collect();
    all.push(escrow("testers".to_owned(), sum("fees")));
    all.push(escrow(format!("client {client}"), sum("refund")));
    let compensation = sum("compensation");
    all.push(bonds(format!("client {client}"), compensation));
    all.push(bonds("nobody: burned".to_owned(), sum("slash").saturating_sub(compensation)));
    all.retain(|flow| flow.amount.0 > 0);
    all
}

/// The workers of an agreement.
fn worker_table(workers: &[AgreementWorker]) -> Markup {
    let heads = ["Worker", "Price per tick", "Promised uptime", "Bond", "Fee of a seat", "State"];
    let rows = workers.iter().map(|worker| {
        let state = match (worker.accepted, worker.resigned, worker.released) {
            (_, _, true) => "absent, released",
            (true, true, _) => "resigned",
            (true, false, _) => "accepted",
            (false, ..) => "has not accepted",
        };
        vec![
            html! { a.address href={ "/worker/" (worker.account) } title=(worker.account) { (text::short_address(worker.account.0)) } },
            parts::amount(worker.price),
            html! { (text::percent(worker.promise)) },
            parts::amount(worker.bond),
            parts::amount(worker.fee),
            html! { (state) @if worker.freed { ", slot free" } },
        ]
    });
    parts::table("Workers", &heads, rows)
}

#[cfg(test)]
mod tests {
    use muster_index::query::Account;

    use super::*;

    #[test]
    fn money_out_of_bonds_is_what_workers_lost() {
        let [client, worker] = [Address::repeat_byte(1), Address::repeat_byte(2)];
        let payment = |account, entry, amount| Payment {
            account: Account(account),
            entry,
            amount: Wei(amount),
        };
        let payments = [
            payment(worker, "pay", 70),
            payment(worker, "slash", 9),
            payment(client, "fees", 6),
            payment(client, "refund", 24),
            payment(client, "compensation", 5),
        ];
        let found = flows(client, &payments);
        let amounts = |from: &str| -> Vec<_> {
            found.iter().filter(|flow| flow.from == from).map(|flow| flow.amount.0).collect()
        };
        assert_eq!(amounts("Escrow"), [70, 6, 24]);
        assert_eq!(amounts("Bonds"), [5, 4], "compensation, and what is burned");
    }
}
