//! A list of agreements.

use maud::html;
use muster_index::database::Transaction;
use muster_index::query::{AgreementFilter, AgreementState, AgreementSummary, Page, agreements};

use super::parameters::{Words, parse_address, parse_application, word};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;

/// The states that can be chosen, and how.
const STATES: [(&str, &str); 8] = [
    ("", "Any state"),
    ("open", "Open"),
    ("offered", "Offered"),
    ("running", "Running"),
    ("reporting", "Reporting"),
    ("due", "Due"),
    ("settled", "Settled"),
    ("void", "Void"),
];

/// A list of agreements.
#[derive(Clone, Debug)]
pub(crate) struct AgreementsPage {
    /// The agreements.
    pub(crate) list: Page<AgreementSummary>,
    /// What the form asks for.
    pub(crate) words: Words,
}

impl AgreementsPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        words: &Words,
    ) -> Result<Self, DashboardError> {
        let address = |name| word(words, name).map(parse_address).transpose();
        let filter = AgreementFilter {
            client: address("client")?,
            worker: address("worker")?,
            application: word(words, "application").map(parse_application).transpose()?,
            state: word(words, "state").map(state).transpose()?,
            limit: None,
            after: word(words, "after").map(str::to_owned),
        };
        Ok(Self { list: agreements(transaction, market.id, &filter)?, words: words.clone() })
    }

    /// Writes the page.
    pub(crate) fn render(&self) -> Content {
        let value = |name| word(&self.words, name).unwrap_or("");
        let kept = ["client", "worker", "application", "state"].map(|name| (name, value(name)));
        let content = html! {
            h1 { "Agreements" }
            form.filter action="/agreements" {
                div {
                    label for="state" { "State" }
                    select #state name="state" {
                        @for (name, label) in STATES {
                            option value=(name) selected[value("state") == name] { (label) }
                        }
                    }
                }
                @for (name, label) in [("application", "Application"), ("client", "Client"), ("worker", "Worker")] {
                    div {
                        label for=(name) { (label) }
                        input id=(name) name=(name) value=(value(name)) maxlength="42" autocomplete="off";
                    }
                }
                button type="submit" { "Show" }
            }
            (parts::agreements("Agreements, the latest first", &self.list.items))
            (parts::next_page("/agreements", &kept, self.list.next.as_deref()))
        };
        ("Agreements".to_owned(), content)
    }
}

/// A state by its name.
fn state(name: &str) -> Result<AgreementState, DashboardError> {
    Ok(match name {
        "open" => AgreementState::Open,
        "offered" => AgreementState::Offered,
        "running" => AgreementState::Running,
        "reporting" => AgreementState::Reporting,
        "due" => AgreementState::Due,
        "settled" => AgreementState::Settled,
        "void" => AgreementState::Void,
        other => {
            let expected =
                "it is open, offered, running, reporting, due, settled or void, or left out";
            let value = other.to_owned();
            return Err(DashboardError::Parameter { name: "state", value, expected });
        }
    })
}
