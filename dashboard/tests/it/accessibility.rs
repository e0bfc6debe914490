//! What can be said of accessibility without a browser; `scripts/browser` checks the rest.

use std::collections::BTreeSet;

use crate::chain::{TestSite, pages};
use crate::document::{Document, Node};

/// Every page, parsed.
async fn documents() -> Vec<(String, Document)> {
    let site = TestSite::new(*b"factor\0\0", "a text");
    let mut all = Vec::new();
    for path in pages(*b"factor\0\0") {
        let document = Document::parse(&site.get(&path).await.body);
        all.push((path, document));
    }
    all
}

#[tokio::test]
async fn every_page_is_valid_html_with_unique_identifiers() {
    for (path, document) in documents().await {
        assert_eq!(document.errors, Vec::<String>::new(), "{path}");
        let mut seen = BTreeSet::new();
        let ids: Vec<_> = document.nodes.iter().filter_map(|node| node.attribute("id")).collect();
        for id in &ids {
            assert!(seen.insert(*id), "{path}: {id} is there twice");
        }
        for node in &document.nodes {
            for name in ["for", "aria-labelledby", "aria-describedby"] {
                for id in node.attribute(name).into_iter().flat_map(str::split_whitespace) {
                    assert!(seen.contains(id), "{path}: {name} names {id}, which is not there");
                }
            }
        }
    }
}

#[tokio::test]
async fn every_page_has_a_language_a_title_one_main_part_and_headings_in_order() {
    let mut titles = BTreeSet::new();
    for (path, document) in documents().await {
        let html = document.all("html").next().unwrap();
        assert_eq!(html.attribute("lang"), Some("en"), "{path}");
        let title = &document.all("title").next().unwrap().text;
        assert!(title.ends_with(" – Muster") && title.len() > 12, "{path}: {title}");
        titles.insert(title.clone());
        for name in ["main", "header", "footer", "nav", "h1"] {
            assert_eq!(document.all(name).count(), 1, "{path}: {name}");
        }
        let mut level = 0;
        for node in &document.nodes {
            let Some(next) = node.name.strip_prefix('h').and_then(|n| n.parse::<u32>().ok()) else {
                continue;
            };
            assert!(next <= level + 1, "{path}: a heading of level {next} after one of {level}");
            assert!(!node.text.trim().is_empty(), "{path}: an empty heading");
            level = next;
        }
        let skip = document.all("a").next().unwrap();
        assert_eq!(
            skip.attribute("href"),
            Some("#content"),
            "{path}: the first link skips to the content"
        );
    }
    assert!(titles.len() > 10, "pages can be told apart by their titles: {titles:?}");
}

#[tokio::test]
async fn every_control_has_a_label_and_every_link_a_text() {
    for (path, document) in documents().await {
        let labels: BTreeSet<_> =
            document.all("label").filter_map(|label| label.attribute("for")).collect();
        for name in ["input", "select", "textarea"] {
            for control in document.all(name) {
                let id = control.attribute("id").unwrap_or_default();
                assert!(labels.contains(id), "{path}: {control:?} has no label");
            }
        }
        let is_named = |node: &&Node| !node.text.trim().is_empty();
        for name in ["a", "button", "label", "summary", "figcaption", "caption"] {
            assert!(
                document.all(name).all(|node| is_named(&node)),
                "{path}: a {name} without a text"
            );
        }
    }
}

#[tokio::test]
async fn every_table_has_a_caption_and_heads_and_can_be_scrolled_by_keyboard() {
    let mut tables = 0;
    for (path, document) in documents().await {
        let count = document.all("table").count();
        tables += count;
        assert_eq!(document.all("caption").count(), count, "{path}");
        for head in document.all("th") {
            let scope = head.attribute("scope");
            assert!(matches!(scope, Some("col" | "row")), "{path}: {head:?}");
        }
        let regions = document.all("div").filter(|node| node.attribute("class") == Some("scroll"));
        let mut number = 0;
        for region in regions {
            number += 1;
            assert_eq!(region.attribute("tabindex"), Some("0"), "{path}");
            assert!(region.attribute("aria-label").is_some(), "{path}");
        }
        assert_eq!(number, count, "{path}: every table is in a part that scrolls");
    }
    assert!(tables > 20);
}

#[tokio::test]
async fn every_chart_says_in_words_and_numbers_what_it_shows() {
    let mut charts = 0;
    for (path, document) in documents().await {
        for chart in document.all("svg") {
            charts += 1;
            assert_eq!(chart.attribute("role"), Some("img"), "{path}");
            assert!(chart.attribute("aria-label").is_some_and(|label| label.len() > 10), "{path}");
            assert_eq!(chart.path.last().map(String::as_str), Some("figure"), "{path}");
        }
        let within = |node: &Node| node.path.iter().any(|name| name == "figure");
        assert_eq!(
            document.all("figure").count(),
            document.all("details").filter(|node| within(node)).count(),
            "{path}: every chart has its numbers"
        );
    }
    assert!(charts > 8);
}
