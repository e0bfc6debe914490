//! An account: its credit, its agreements, its bonds, its statement.

use alloy::primitives::Address;
use maud::{Markup, html};
use muster_client::Application;
use muster_index::database::Transaction;
use muster_index::query::{
    AccountSummary, AgreementFilter, AgreementSummary, Page, StatementEntry, StatementFilter,
    Worker, account, agreements, statement, worker,
};

use super::parameters::{Words, word};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;

/// How many entries of a statement a page shows.
const ENTRIES: u32 = 50;

/// An account.
#[derive(Clone, Debug)]
pub(crate) struct AccountPage {
    /// Its money.
    pub(crate) money: AccountSummary,
    /// Its registration, if it is a worker or a tester.
    pub(crate) registration: Option<Worker>,
    /// Its latest agreements as a client.
    pub(crate) bought: Vec<AgreementSummary>,
    /// Its latest agreements as a worker.
    pub(crate) served: Vec<AgreementSummary>,
    /// What it got and paid.
    pub(crate) entries: Page<StatementEntry>,
}

impl AccountPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        address: Address,
        words: &Words,
    ) -> Result<Self, DashboardError> {
        let mut list = |client, worker| {
            let filter =
                AgreementFilter { client, worker, limit: Some(20), ..AgreementFilter::default() };
            agreements(transaction, market.id, &filter).map(|page| page.items)
        };
        let (bought, served) = (list(Some(address), None)?, list(None, Some(address))?);
        let after = word(words, "after").map(str::to_owned);
        let filter = StatementFilter { limit: Some(ENTRIES), after, ..StatementFilter::default() };
        let entries = statement(transaction, market.id, address, &filter)?;
        Ok(Self {
            money: account(transaction, market.id, address)?,
            registration: worker(transaction, market.id, address)?,
            bought,
            served,
            entries,
        })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let money = &self.money;
        let path = format!("/account/{}", money.account);
        let content = html! {
            h1 { "Account" }
            p { (parts::whole(money.account)) }
            (parts::facts([
                ("Credit, to be withdrawn", parts::amount(money.credit)),
                ("Paid as a client", parts::amount(money.paid)),
                ("Got back as a client", parts::amount(money.refunded)),
                ("Compensated as a client", parts::amount(money.compensated)),
                ("Earned as a worker", parts::amount(money.earned)),
                ("Lost as a worker", parts::amount(money.slashed)),
                ("Fees as a tester", parts::amount(money.fees)),
                ("Withdrawn so far", parts::amount(money.withdrawn)),
            ]))
            @if money.credit.0 > 0 {
                (parts::actions(market, &[(format!("/act/withdraw?from={0}&to={0}", money.account), "Withdraw the credit")]))
            }
            @if let Some(registration) = &self.registration { (bonds(registration, market)) }
            section aria-labelledby="bought" {
                h2 #bought { "As a client" }
                (parts::agreements("Agreements that it bought", &self.bought))
                p { a href={ "/agreements?client=" (money.account) } { "All of them" } }
            }
            section aria-labelledby="served" {
                h2 #served { "As a worker" }
                (parts::agreements("Agreements in which it was hired", &self.served))
                p { a href={ "/agreements?worker=" (money.account) } { "All of them" } }
            }
            section aria-labelledby="statement" {
                h2 #statement { "Statement" }
                (entries(&self.entries.items))
                (parts::next_page(&path, &[], self.entries.next.as_deref()))
            }
            p { a href={ "/events?subject=" (money.account) } { "Events of this account" } }
        };
        (format!("Account {}", crate::text::short_address(money.account.0)), content)
    }

    /// The page that asks for an account, and what was wrong with the one that was given.
    pub(crate) fn question(wrong: Option<&str>) -> Content {
        let content = html! {
            h1 { "Account" }
            p { "Agreements, credit, bonds and the statement of an account." }
            @if let Some(wrong) = wrong { p #wrong role="alert" { (wrong) "." } }
            form.filter action="/account" {
                div {
                    label for="address" { "Address of the account" }
                    input #address name="address" required maxlength="42" autocomplete="off" spellcheck="false" size="44"
                        aria-describedby=[wrong.map(|_| "wrong")];
                }
                button type="submit" { "Show" }
            }
        };
        ("Account".to_owned(), content)
    }
}

/// The stake of a worker, or the bond of a tester.
fn bonds(registration: &Worker, market: &Indexed) -> Markup {
    let is_tester = registration.application.0 == Application::TESTER.0;
    let (role, path) = if is_tester { ("tester", "/tester/") } else { ("worker", "/worker/") };
    html! {
        section aria-labelledby="bonds" {
            h2 #bonds { "Bonds" }
            (parts::facts([
                ("Registered as", html! { a href={ (path) (registration.account) } { (role) " " (registration.number) } }),
                ("Stake", parts::amount(registration.stake)),
                ("Locked in bonds", parts::amount(registration.locked)),
                ("Price", parts::price(registration.price, market)),
            ]))
        }
    }
}

/// What it got and paid.
fn entries(list: &[StatementEntry]) -> Markup {
    let heads = ["Entry", "Time", "Got", "Paid or lost", "Agreement", "Transaction"];
    let amount = |wei: muster_index::query::Wei| {
        if wei.0 == 0 {
            html! { "–" }
        } else {
            parts::amount(wei)
        }
    };
    let rows = list.iter().map(|entry| {
        vec![
            html! { (entry.entry) },
            parts::time(entry.time),
            amount(entry.income),
            amount(entry.cost),
            parts::agreement_link(entry.agreement),
            parts::whole(entry.transaction),
        ]
    });
    parts::table("What it got and paid, oldest first", &heads, rows)
}
