//! The market in short: who sells what at which price, what was paid, how much was served.

use alloy::primitives::FixedBytes;
use maud::{Markup, Render, html};
use muster_index::database::Transaction;
use muster_index::query::{
    AgreementFilter, AgreementSummary, ApplicationName, BookLevel, DayPrices, DayUptime, Page, Wei,
    Worker, WorkerFilter, WorkerOrder, agreements, applications, book, prices, uptimes, workers,
};

use crate::charts::{depth_chart, line_chart, range_chart};
use crate::error::DashboardError;
use crate::layout::Content;
use crate::parts;
use crate::site::Indexed;
use crate::text;

/// How many books a page shows.
const BOOKS: u32 = 8;

/// How many agreements the page shows.
const AGREEMENTS: u32 = 10;

/// How many workers of each book the page shows.
const CHEAPEST: u32 = 5;

/// How many seconds back paid prices go: 90 days.
const PRICES_SINCE: u64 = 7_776_000;

/// A book, and the prices paid.
#[derive(Clone, Debug)]
pub(crate) struct BookView {
    /// The application.
    pub(crate) application: ApplicationName,
    /// Its cheapest workers by price.
    pub(crate) levels: Vec<BookLevel>,
    /// What was paid.
    pub(crate) paid: Vec<DayPrices>,
}

/// The market in short.
#[derive(Clone, Debug)]
pub(crate) struct MarketPage {
    /// The books, each with its cheapest workers.
    pub(crate) books: Page<(BookView, Vec<Worker>)>,
    /// The latest agreements.
    pub(crate) agreements: Vec<AgreementSummary>,
    /// The measured uptime.
    pub(crate) uptimes: Vec<DayUptime>,
}

impl BookView {
    /// Reads what belongs to an application.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        application: FixedBytes<8>,
    ) -> Result<Self, DashboardError> {
        let until = market.head.time;
        let since = until.saturating_sub(PRICES_SINCE);
        Ok(Self {
            application: ApplicationName(application),
            levels: book(transaction, market.id, application)?,
            paid: prices(transaction, market.id, application, since, until)?,
        })
    }

    /// How many workers purchases find; 2,000 are counted at most.
    pub(crate) fn listed(&self) -> u32 {
        self.levels.iter().fold(0, |sum, level| sum.saturating_add(level.workers))
    }

    /// The charts of a book.
    pub(crate) fn charts(&self, market: &Indexed) -> Markup {
        let paid = self
            .paid
            .iter()
            .map(|day| (day.day, [day.lower_quartile.0, day.median.0, day.upper_quartile.0]));
        let paid: Vec<_> = paid.collect();
        let caption = format!("Prices paid per {}", market.tick_unit());
        let written = |value| text::amount(Wei(value));
        let heads = ["Lower quartile", "Median", "Upper quartile"];
        html! {
            div.charts {
                (depth_chart("Depth of the book", &self.levels))
                (range_chart(&caption, heads, &paid, &written))
            }
        }
    }
}

impl MarketPage {
    /// Reads the page; `after` is [`Page::next`] of the books before.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        market: &Indexed,
        after: Option<&str>,
    ) -> Result<Self, DashboardError> {
        let found = applications(transaction, market.id, Some(BOOKS), after)?;
        let mut views = Vec::new();
        for book in found.items {
            let application = book.application.0;
            let filter = WorkerFilter {
                application: Some(application),
                order: WorkerOrder::Price,
                limit: Some(CHEAPEST),
                ..WorkerFilter::default()
            };
            let cheapest = workers(transaction, market.id, &filter)?.items;
            views.push((BookView::load(transaction, market, application)?, cheapest));
        }
        let filter = AgreementFilter { limit: Some(AGREEMENTS), ..AgreementFilter::default() };
        Ok(Self {
            books: Page { items: views, next: found.next },
            agreements: agreements(transaction, market.id, &filter)?.items,
            uptimes: uptimes(transaction, market.id)?,
        })
    }

    /// Writes the page.
    pub(crate) fn render(&self, market: &Indexed) -> Content {
        let windows = self.uptimes.iter().fold(0, |sum: u64, day| sum.saturating_add(day.windows));
        let days: Vec<_> = self.uptimes.iter().map(|day| (day.day, day.uptime.into())).collect();
        let written = |value: u128| text::percent(u16::try_from(value).unwrap_or(u16::MAX));
        let content = html! {
            h1 { "Market" }
            p.lead {
                "Who sells computation at which price, what was paid, and how much of it was served."
            }
            (parts::actions(market, &[("/act/buy".to_owned(), "Buy an agreement")]))
            @if self.books.items.is_empty() {
                p.none { "Nobody sells anything here: no worker is registered." }
            }
            @for (view, cheapest) in &self.books.items { (book_section(view, cheapest, market)) }
            (parts::next_page("/", &[], self.books.next.as_deref()))
            section aria-labelledby="uptime" {
                h2 #uptime { "Uptime of the market" }
                p {
                    "The mean of what testers measured in " (text::count(windows, "window", "windows"))
                    " of workers whose agreements were settled."
                }
                div.charts { (line_chart("Measured uptime", &days, &written)) }
            }
            section aria-labelledby="latest" {
                h2 #latest { "Latest agreements" }
                (parts::agreements("Latest agreements", &self.agreements))
            }
        };
        ("Market".to_owned(), content)
    }
}

/// One book.
fn book_section(view: &BookView, cheapest: &[Worker], market: &Indexed) -> Markup {
    let application = view.application;
    html! {
        section {
            h2 { (parts::application_link(application)) }
            (parts::facts([
                ("Workers in the book", html! { (view.listed()) }),
                ("Lowest price", html! {
                    @if let Some(level) = view.levels.first() { (parts::price(level.price, market)) } @else { "–" }
                }),
            ]))
            (view.charts(market))
            (offers("Cheapest workers", cheapest))
            p {
                a href={ "/application/" (text::application_path(application)) } {
                    "All workers of " (parts::application_name(application))
                }
            }
        }
    }
}

/// Workers and what they offer.
pub(super) fn offers(caption: &str, list: &[Worker]) -> Markup {
    let heads = [
        "Worker",
        "Price per tick",
        "Free places",
        "Promised uptime",
        "Score",
        "Longest",
        "Listed",
    ];
    let rows = list.iter().map(|worker| {
        vec![
            html! { a.address href={ "/worker/" (worker.account) } title=(worker.account) { (text::short_address(worker.account.0)) } },
            parts::amount(worker.price),
            html! { (worker.capacity.saturating_sub(worker.active)) " of " (worker.capacity) },
            html! { (text::percent(worker.promise)) },
            html! { (text::percent(worker.score)) },
            worker.max_length.render(),
            parts::yes_no(worker.listed),
        ]
    });
    parts::table(caption, &heads, rows)
}
