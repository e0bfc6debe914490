//! An application: its book, its workers, its documents.

use alloy::primitives::FixedBytes;
use maud::{Markup, html};
use muster_client::{Application, Ether};
use muster_index::database::Transaction;
use muster_index::query::{ApplicationName, Page, Worker, WorkerFilter, WorkerOrder, workers};

use super::market::{BookView, offers};
use super::parameters::{Words, parse_application, parsed, word};
use crate::config::DocumentText;
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;
use crate::text;

/// An application.
#[derive(Clone, Debug)]
pub(crate) struct ApplicationPage {
    /// Its book.
    pub(crate) view: BookView,
    /// Some of its workers.
    pub(crate) workers: Page<Worker>,
    /// What the form asks for.
    pub(crate) words: Words,
    /// Documents with its name.
    pub(crate) documents: Vec<DocumentText>,
}

impl ApplicationPage {
    /// Reads the page.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        name: &str,
        words: &Words,
        documents: &[DocumentText],
    ) -> Result<Self, DashboardError> {
        let application = parse_application(name)?;
        let filter = filter(application, words)?;
        let found = workers(transaction, market.id, &filter)?;
        let name = Application(application).to_string();
        Ok(Self {
            view: BookView::load(transaction, market, application)?,
            workers: found,
            words: words.clone(),
            documents: documents.iter().filter(|document| document.name == name).cloned().collect(),
        })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let application = self.view.application;
        let name = parts::application_name(application);
        let is_testers = application.0 == Application::TESTER.0;
        let content = html! {
            h1 { @if is_testers { "Testers" } @else { "Application " (name) } }
            (parts::facts([
                ("On chain", parts::whole(application.0)),
                ("Workers in the book", html! { @if is_testers { "–" } @else { (self.view.listed()) } }),
            ]))
            @if !is_testers {
                (parts::actions(market, &[(format!("/act/buy?application={}", text::query_value(&Application(application.0).to_string())), "Buy")]))
            }
            @if is_testers {
                (tester_table(&self.workers.items))
                (parts::next_page("/application/tester", &[], self.workers.next.as_deref()))
            } @else {
                (self.view.charts(market))
                section aria-labelledby="workers" {
                    h2 #workers { "Workers" }
                    (self.form(application))
                    (offers("Workers", &self.workers.items))
                    (self.next(application))
                }
                (documents(&self.documents))
            }
        };
        let title = if is_testers { "Testers".to_owned() } else { format!("Application {name}") };
        (title, content)
    }

    /// The form that chooses workers.
    fn form(&self, application: ApplicationName) -> Markup {
        let value = |name| word(&self.words, name).unwrap_or("");
        let order = value("order");
        html! {
            form.filter action={ "/application/" (text::application_path(application)) } {
                div {
                    label for="order" { "Order" }
                    select #order name="order" {
                        @for (name, label) in [("price", "Cheapest first"), ("score", "Best score first"), ("number", "Oldest first")] {
                            option value=(name) selected[order == name] { (label) }
                        }
                    }
                }
                div {
                    label for="max_price" { "Highest price" }
                    input #max_price name="max_price" value=(value("max_price")) placeholder="20gwei" maxlength="40";
                }
                div {
                    label for="min_score" { "Lowest score (basis points)" }
                    input #min_score name="min_score" value=(value("min_score")) inputmode="numeric" maxlength="5";
                }
                div.check {
                    input #free type="checkbox" name="free" value="yes" checked[value("free") == "yes"];
                    label for="free" { "With a free place" }
                }
                button type="submit" { "Show" }
            }
        }
    }

    /// The link to the next page.
    fn next(&self, application: ApplicationName) -> Markup {
        let value = |name| word(&self.words, name).unwrap_or("");
        let kept = ["order", "max_price", "min_score", "free"].map(|name| (name, value(name)));
        let path = format!("/application/{}", text::application_path(application));
        parts::next_page(&path, &kept, self.workers.next.as_deref())
    }
}

/// The workers that the words ask for.
fn filter(application: FixedBytes<8>, words: &Words) -> Result<WorkerFilter, DashboardError> {
    let order = match word(words, "order") {
        None if application == Application::TESTER.0 => WorkerOrder::Number,
        None | Some("price") => WorkerOrder::Price,
        Some("score") => WorkerOrder::Score,
        Some("number") => WorkerOrder::Number,
        Some(other) => {
            let (name, expected) = ("order", "it is price, score or number");
            return Err(DashboardError::Parameter { name, value: other.to_owned(), expected });
        }
    };
    let price = parsed::<Ether>(words, "max_price", "it is an amount such as 20gwei or 0.01eth")?;
    Ok(WorkerFilter {
        application: Some(application),
        free: word(words, "free") == Some("yes"),
        max_price: price.and_then(|price| price.wei().ok()),
        min_score: parsed(words, "min_score", "it is a number of basis points from 0 to 10000")?,
        order,
        after: word(words, "after").map(str::to_owned),
        ..WorkerFilter::default()
    })
}

/// Testers.
fn tester_table(list: &[Worker]) -> Markup {
    let heads = ["Tester", "Number", "Bond", "Last list", "Registered"];
    let rows = list.iter().map(|one| {
        vec![
            html! { a.address href={ "/tester/" (one.account) } title=(one.account) { (text::short_address(one.account.0)) } },
            html! { (one.number) },
            parts::amount(one.stake),
            html! { "epoch " (one.last_epoch) },
            parts::time(one.registered),
        ]
    });
    parts::table("Testers", &heads, rows)
}

/// What documents say, as text.
fn documents(list: &[DocumentText]) -> Markup {
    html! {
        @for document in list {
            section.document {
                h2 { "Document of version " (parts::foreign(&document.version)) }
                (parts::facts([
                    ("Name", html! { (parts::foreign(&document.name)) }),
                    ("What its services understand", html! { (parts::foreign(&document.api)) }),
                    ("SHA-256", html! { code.whole { (parts::foreign(&document.digest)) } }),
                ]))
                details { summary { "Canonical form" } pre { code { (parts::foreign(&document.canonical)) } } }
            }
        }
    }
}
