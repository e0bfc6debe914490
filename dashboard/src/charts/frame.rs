//! What every chart has: a size, a caption, labels at its corners, and the numbers as a table.

use maud::{Markup, html};

/// The width of a chart in its own units; it is drawn as wide as there is room.
pub(super) const WIDTH: u32 = 3_600;

/// The height of a chart with two axes.
pub(super) const HEIGHT: u32 = 1_700;

/// Where the area of the values is: from left to right.
pub(super) const X: (u32, u32) = (20, 3_580);

/// Where the area of the values is: from bottom to top.
pub(super) const Y: (u32, u32) = (1_500, 190);

/// The texts at the corners of a chart with two axes.
#[derive(Debug)]
pub(super) struct Labels {
    /// At the upper end of the vertical axis.
    pub(super) top: String,
    /// At its lower end.
    pub(super) bottom: String,
    /// At the left end of the horizontal axis.
    pub(super) left: String,
    /// At its right end.
    pub(super) right: String,
}

/// A drawing between axes.
pub(super) fn axes(labels: &Labels, drawing: &Markup) -> Markup {
    let (left, right) = X;
    let (bottom, top) = Y;
    html! {
        line.axis x1=(left) y1=(bottom) x2=(right) y2=(bottom) {}
        line.grid x1=(left) y1=(top) x2=(right) y2=(top) {}
        (drawing)
        text x=(left) y=(top.saturating_sub(50)) { (labels.top) }
        text.on-chart x=(left.saturating_add(20)) y=(bottom.saturating_sub(40)) { (labels.bottom) }
        text x=(left) y=(bottom.saturating_add(140)) { (labels.left) }
        text.end x=(right) y=(bottom.saturating_add(140)) { (labels.right) }
    }
}

/// A chart of this height, with a caption, a sentence that says what it shows to who does not see it, and its numbers.
pub(super) fn figure(
    caption: &str,
    summary: &str,
    height: u32,
    drawing: &Markup,
    numbers: &Markup,
) -> Markup {
    html! {
        figure {
            figcaption { (caption) }
            svg.chart viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(summary) { (drawing) }
            details { summary { "Numbers" } (numbers) }
        }
    }
}
