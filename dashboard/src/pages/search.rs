//! Searching by address or application.

use alloy::primitives::Address;
use maud::html;
use muster_client::Application;
use muster_index::IndexError;
use muster_index::database::Transaction;
use muster_index::query::{ApplicationName, WorkerFilter, agreement, worker, workers};

use super::parameters::{parse_address, parse_application};
use crate::layout::Content;
use crate::site::Indexed;
use crate::text;

/// Where something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// An agreement.
    Agreement(Address),
    /// A worker.
    Worker(Address),
    /// A tester.
    Tester(Address),
    /// Any other account.
    Account(Address),
    /// An application.
    Application(ApplicationName),
}

impl Place {
    /// Where a text leads; `None` if nothing is called so. Every address leads somewhere.
    pub(crate) fn find(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        text: &str,
    ) -> Result<Option<Self>, IndexError> {
        if let Ok(address) = parse_address(text) {
            if agreement(transaction, market.id, address)?.is_some() {
                return Ok(Some(Self::Agreement(address)));
            }
            let found = worker(transaction, market.id, address)?;
            return Ok(Some(match found {
                Some(found) if found.application.0 == Application::TESTER.0 => {
                    Self::Tester(address)
                }
                Some(_) => Self::Worker(address),
                None => Self::Account(address),
            }));
        }
        let Ok(application) = parse_application(text) else { return Ok(None) };
        let filter = WorkerFilter {
            application: Some(application),
            limit: Some(1),
            ..WorkerFilter::default()
        };
        let found = workers(transaction, market.id, &filter)?;
        let is_known = !found.items.is_empty();
        Ok(is_known.then_some(Self::Application(ApplicationName(application))))
    }

    /// The path of its page.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Agreement(address) => format!("/agreement/{address}"),
            Self::Worker(address) => format!("/worker/{address}"),
            Self::Tester(address) => format!("/tester/{address}"),
            Self::Account(address) => format!("/account/{address}"),
            Self::Application(name) => format!("/application/{}", text::application_path(*name)),
        }
    }
}

/// The page of a search that found nothing.
#[derive(Clone, Debug)]
pub(crate) struct SearchPage {
    /// What was searched for.
    pub(crate) wanted: String,
}

impl SearchPage {
    /// Writes the page.
    pub(crate) fn render(&self) -> Content {
        let content = html! {
            h1 { "Search" }
            @if self.wanted.is_empty() {
                p { "Give the address of an account or agreement, or the name of an application." }
            } @else {
                p role="status" { "Nothing is called “" (self.wanted) "”." }
                p {
                    "An address is 0x and 40 hexadecimal digits; with capitals, they must be its checksum. An application is found "
                    "if somebody has registered for it."
                }
            }
        };
        ("Search".to_owned(), content)
    }
}
