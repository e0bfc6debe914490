//! What surrounds every page.

use maud::{DOCTYPE, Markup, html};

use crate::parts;
use crate::site::Site;

/// A page: its title and its content.
pub(crate) type Content = (String, Markup);

/// A whole page: its title, and its content, which begins with a heading of the first level.
pub(crate) fn page(site: &Site, title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – Muster" }
                link rel="icon" href="/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/style.css";
                script src="/dashboard.js" defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header.top {
                    a.brand href="/" { "Muster" }
                    nav aria-label="Pages" {
                        a href="/" { "Market" }
                        a href="/agreements" { "Agreements" }
                        a href="/application/tester" { "Testers" }
                        a href="/events" { "Events" }
                        a href="/account" { "Account" }
                    }
                    form.search action="/search" role="search" {
                        label.hidden for="search" { "Address or application" }
                        input #search name="q" type="search" placeholder="Address or application" maxlength="80" autocomplete="off";
                        button type="submit" { "Search" }
                    }
                }
                main #content tabindex="-1" { (content) }
                (footer(site))
            }
        }
    }
}

/// Where everything on the page is from.
fn footer(site: &Site) -> Markup {
    html! {
        footer.bottom {
            p #head data-hash=[site.indexed.as_ref().map(|indexed| indexed.head.hash)] {
                @match &site.indexed {
                    Some(indexed) => {
                        "As of block " (indexed.head.number) ", " (parts::time(indexed.head.time)) ", hash "
                        (parts::whole(indexed.head.hash))
                    }
                    None => { "Nothing is indexed yet" }
                }
                ". Market " (parts::whole(site.market)) " on chain " (site.chain_id) "."
            }
            p {
                "An index is never trusted for money: what you sign is asked from the chain again. Names are bytes that their owners "
                "chose, so the same name is no proof of the same service."
            }
        }
    }
}
