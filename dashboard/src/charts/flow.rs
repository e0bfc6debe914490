//! Where money goes: ribbons from what was paid in to who gets it.

use maud::{Markup, html};
use muster_index::query::Wei;

use super::frame::{WIDTH, figure};
use super::scale::Scale;
use crate::{parts, text};

/// The height of all ribbons together.
const RIBBONS: u32 = 1_100;

/// The height of the two lines of text beside a ribbon.
const ROW: u32 = 340;

/// Where ribbons begin and end.
const X: (u32, u32) = (950, 1_750);

/// One ribbon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    /// Where it comes from; ribbons of one source follow each other.
    pub(crate) from: &'static str,
    /// Who gets it.
    pub(crate) to: String,
    /// Whether it is bad for whoever it comes from.
    pub(crate) is_loss: bool,
    /// How much.
    pub(crate) amount: Wei,
}

/// The money of an agreement.
pub(crate) fn flow_chart(caption: &str, flows: &[Flow]) -> Markup {
    let total = flows.iter().fold(0, |sum: u128, flow| sum.saturating_add(flow.amount.0));
    if total == 0 {
        return html! { p.none { (caption) ": nothing yet." } };
    }
    let scale = Scale::new((0, total), (0, RIBBONS));
    let rows = u32::try_from(flows.len()).unwrap_or(u32::MAX);
    let height = rows.saturating_mul(ROW).max(RIBBONS).saturating_add(140);
    let (mut sum, mut row, mut source) = (0_u128, 60_u32, "");
    let mut drawing = Vec::new();
    for flow in flows {
        let top = scale.at(sum).saturating_add(60);
        sum = sum.saturating_add(flow.amount.0);
        let bottom = scale.at(sum).saturating_add(60);
        let thick = bottom.saturating_sub(top).max(10);
        let middle = X.0.midpoint(X.1);
        let (left, right) = X;
        let end = row.saturating_add(thick);
        let begin = top.saturating_add(thick);
        let path = format!(
            "M{left} {top}C{middle} {top} {middle} {row} {right} {row}V{end}C{middle} {end} {middle} {begin} {left} {begin}Z"
        );
        let class = if flow.is_loss { "ribbon loss" } else { "ribbon" };
        let text_y = row.saturating_add(110);
        drawing.push(html! {
            path class=(class) d=(path) {}
            @if source != flow.from {
                text.end x=(left.saturating_sub(50)) y=(top.saturating_add(110)) { (flow.from) }
            }
            text x=(right.saturating_add(50)) y=(text_y) { (flow.to) }
            text x=(right.saturating_add(50)) y=(text_y.saturating_add(130)) { (text::amount(flow.amount)) }
        });
        source = flow.from;
        row = row.saturating_add(ROW.max(thick.saturating_add(40)));
    }
    let height = height.max(row.saturating_add(40));
    debug_assert!(X.1 < WIDTH, "texts have room");
    let summary = format!("{caption}: {} in all", text::amount(Wei(total)));
    let rows = flows
        .iter()
        .map(|flow| vec![html! { (flow.from) }, html! { (flow.to) }, parts::amount(flow.amount)]);
    let numbers = parts::table(caption, &["From", "To", "Amount"], rows);
    let drawing = html! { @for part in drawing { (part) } };
    figure(caption, &summary, height, &drawing, &numbers)
}
