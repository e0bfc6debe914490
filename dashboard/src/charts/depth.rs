//! The depth of a book: how many places are free at which price.

use maud::{Markup, Render, html};
use muster_index::query::{BookLevel, Wei};

use super::frame::{HEIGHT, Labels, X, Y, axes, figure};
use super::scale::Scale;
use crate::{parts, text};

/// The free places of a book by price, the cheapest first.
pub(crate) fn depth_chart(caption: &str, levels: &[BookLevel]) -> Markup {
    let mut steps: Vec<(Wei, u64)> = Vec::new();
    let mut sum = 0_u64;
    for level in levels.iter().filter(|level| level.free > 0) {
        sum = sum.saturating_add(level.free.into());
        steps.push((level.price, sum));
    }
    let (Some((lowest, _)), Some((highest, _))) = (steps.first(), steps.last()) else {
        return html! { p.none { (caption) ": no free place." } };
    };
    let x = Scale::new((lowest.0, highest.0), (X.0, X.1.saturating_sub(200)));
    let y = Scale::new((0, sum.into()), Y);
    let mut path = format!("M{} {}", x.at(lowest.0), Y.0);
    for (price, total) in &steps {
        text::append(&mut path, format_args!("H{}V{}", x.at(price.0), y.at((*total).into())));
    }
    text::append(&mut path, format_args!("H{}", X.1));
    let area = format!("{path}V{}Z", Y.0);
    let labels = Labels {
        top: text::count(sum, "free place", "free places"),
        bottom: String::new(),
        left: format!("from {}", text::amount(*lowest)),
        right: format!("to {}", text::amount(*highest)),
    };
    let drawing = axes(&labels, &html! { path.area d=(area) {} path.line d=(path) {} });
    let summary = format!(
        "{caption}: {} from {} to {} per tick",
        labels.top,
        text::amount(*lowest),
        text::amount(*highest)
    );
    let rows = steps.iter().map(|(price, total)| vec![parts::amount(*price), total.render()]);
    let numbers = parts::table(caption, &["At most", "Free places"], rows);
    figure(caption, &summary, HEIGHT, &drawing, &numbers)
}
