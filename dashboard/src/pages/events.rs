//! Events.

use alloy::primitives::Address;
use maud::{Markup, html};
use muster_index::database::Transaction;
use muster_index::query::{Event, EventFilter, Page, events};
use serde_json::Value;

use super::parameters::{Words, parse_address, word};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;

/// Events, the latest first.
#[derive(Clone, Debug)]
pub(crate) struct EventsPage {
    /// The events.
    pub(crate) list: Page<Event>,
    /// What the form asks for.
    pub(crate) words: Words,
}

impl EventsPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        words: &Words,
    ) -> Result<Self, DashboardError> {
        let filter = EventFilter {
            subject: word(words, "subject").map(parse_address).transpose()?,
            name: word(words, "name").map(str::to_owned),
            latest_first: true,
            limit: None,
            after: word(words, "after").map(str::to_owned),
        };
        Ok(Self { list: events(transaction, market.id, &filter)?, words: words.clone() })
    }

    /// Writes the page.
    pub(crate) fn render(&self) -> Content {
        let value = |name| word(&self.words, name).unwrap_or("");
        let kept = ["subject", "name"].map(|name| (name, value(name)));
        let content = html! {
            h1 { "Events" }
            form.filter action="/events" {
                div {
                    label for="subject" { "About the address" }
                    input #subject name="subject" value=(value("subject")) maxlength="42" autocomplete="off";
                }
                div {
                    label for="name" { "Named" }
                    input #name name="name" value=(value("name")) placeholder="ContractBought" maxlength="40" autocomplete="off";
                }
                button type="submit" { "Show" }
            }
            (event_table("Events, the latest first", &self.list.items))
            (parts::next_page("/events", &kept, self.list.next.as_deref()))
        };
        ("Events".to_owned(), content)
    }
}

/// A table of events.
pub(super) fn event_table(caption: &str, list: &[Event]) -> Markup {
    let heads = ["Event", "Time", "Contract", "What it says"];
    let rows = list.iter().map(|event| {
        vec![
            html! { (event.event) },
            html! { (parts::time(event.time)) " (block " (event.block) ")" },
            parts::any_link(event.contract.0),
            arguments(&event.arguments),
        ]
    });
    parts::table(caption, &heads, rows)
}

/// The arguments of an event, each with its name.
fn arguments(value: &Value) -> Markup {
    match value {
        Value::Object(fields) => html! {
            ul.arguments {
                @for (name, value) in fields { li { span.name { (name) } " " (argument(value)) } }
            }
        },
        other => argument(other),
    }
}

/// One argument: addresses are links, everything else is text.
fn argument(value: &Value) -> Markup {
    match value {
        Value::String(text) if text.len() == 42 => {
            let address = text.parse::<Address>();
            address.map_or_else(|_| html! { (text) }, parts::any_link)
        }
        Value::String(text) => html! { span.amount { (text) } },
        Value::Array(all) => html! { @for one in all { (arguments(one)) " " } },
        Value::Object(_) => arguments(value),
        other => html! { (other.to_string()) },
    }
}
