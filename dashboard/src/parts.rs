//! Parts that several pages have.

use std::fmt::Display;

use alloy::primitives::Address;
use maud::{Markup, Render, html};
use muster_client::Application;
use muster_index::query::{Account, AgreementSummary, ApplicationName, Wei};

use crate::site::Indexed;
use crate::text;

/// A link to an account, short.
pub(crate) fn account_link(account: Account) -> Markup {
    address_link("/account/", account.0)
}

/// A link to an agreement, short.
pub(crate) fn agreement_link(agreement: Account) -> Markup {
    address_link("/agreement/", agreement.0)
}

/// A link to whatever has this address, short.
pub(crate) fn any_link(address: Address) -> Markup {
    address_link("/address/", address)
}

/// A link to an address, which shows the whole of it to who asks.
fn address_link(path: &str, address: Address) -> Markup {
    html! {
        a.address href={ (path) (address) } title=(address) { (text::short_address(address)) }
    }
}

/// A whole address or hash.
pub(crate) fn whole(value: impl Display) -> Markup {
    html! { code.whole { (maud::display(value)) } }
}

/// A text that a stranger wrote: it cannot turn the text around it, and characters that nobody sees are replaced.
pub(crate) fn foreign(text: &str) -> Markup {
    let visible = |c: char| if c.is_control() && c != '\n' { '\u{fffd}' } else { c };
    html! { bdi { (text.chars().map(visible).collect::<String>()) } }
}

/// A link to an application.
pub(crate) fn application_link(application: ApplicationName) -> Markup {
    html! {
        a href={ "/application/" (text::application_path(application)) } { (application_name(application)) }
    }
}

/// The name of an application; the one without a name is the default.
pub(crate) fn application_name(application: ApplicationName) -> String {
    match Application(application.0).to_string() {
        name if name == "0" => "0 (default)".to_owned(),
        name => name,
    }
}

/// An amount.
pub(crate) fn amount(wei: Wei) -> Markup {
    html! { span.amount { (text::amount(wei)) } }
}

/// A price per tick.
pub(crate) fn price(wei: Wei, market: &Indexed) -> Markup {
    html! { span.amount { (text::amount(wei)) } " per " (market.tick_unit()) }
}

/// A Unix second.
pub(crate) fn time(second: u64) -> Markup {
    html! { time datetime=(text::time_iso(second)) { (text::time(second)) } }
}

/// A tick of the market's clock.
pub(crate) fn tick(tick: u64, market: &Indexed) -> Markup {
    if market.has_seconds() {
        time(tick)
    } else {
        html! { "block " (tick) }
    }
}

/// A length in ticks.
pub(crate) fn ticks(length: u64, market: &Indexed) -> String {
    if market.has_seconds() {
        text::count(length, "second", "seconds")
    } else {
        text::count(length, "block", "blocks")
    }
}

/// Facts, each with its name.
pub(crate) fn facts<'a>(facts: impl IntoIterator<Item = (&'a str, Markup)>) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                div { dt { (name) } dd { (value) } }
            }
        }
    }
}

/// A table that can be wider than the screen: what it shows, the heads of its columns, and its rows. The first cell of a row is
/// the row's head.
pub(crate) fn table(
    caption: &str,
    heads: &[&str],
    rows: impl IntoIterator<Item = Vec<Markup>>,
) -> Markup {
    let mut rows = rows.into_iter().peekable();
    if rows.peek().is_none() {
        return html! { p.none { (caption) ": none." } };
    }
    html! {
        div.scroll role="group" aria-label=(caption) tabindex="0" {
            table {
                caption { (caption) }
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (at, cell) in row.into_iter().enumerate() {
                                @if at == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A link to the next page of a list, if there is one.
pub(crate) fn next_page(path: &str, query: &[(&str, &str)], next: Option<&str>) -> Markup {
    let Some(next) = next else { return html! {} };
    let mut url = format!("{path}?after={}", text::query_value(next));
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        text::append(&mut url, format_args!("&{name}={}", text::query_value(value)));
    }
    html! { p { a rel="next" href=(url) { "Next page" } } }
}

/// Links to actions: the path of each with its fields, and its name.
pub(crate) fn actions(market: &Indexed, links: &[(String, &str)]) -> Markup {
    html! {
        @if market.has_node && !links.is_empty() {
            ul.actions { @for (path, name) in links { li { a.button href=(path) { (name) } } } }
        }
    }
}

/// Yes or no.
pub(crate) fn yes_no(is_so: bool) -> Markup {
    html! { (if is_so { "yes" } else { "no" }) }
}

/// A list of agreements.
pub(crate) fn agreements(caption: &str, list: &[AgreementSummary]) -> Markup {
    let heads = ["Agreement", "State", "Application", "Client", "Workers", "Escrow", "Bought"];
    let rows = list.iter().map(|one| {
        vec![
            agreement_link(one.agreement),
            state(one.state),
            application_link(one.application),
            account_link(one.client),
            one.redundancy.render(),
            amount(one.escrow),
            time(one.bought),
        ]
    });
    table(caption, &heads, rows)
}

/// The state of an agreement.
pub(crate) fn state(state: &str) -> Markup {
    html! { span.state { (state) } }
}
