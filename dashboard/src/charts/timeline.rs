//! The course of an agreement.

use maud::{Markup, Render, html};

use super::frame::{WIDTH, figure};
use super::scale::Scale;
use crate::parts;
use crate::site::Indexed;

/// The height of a timeline.
const HEIGHT: u32 = 680;

/// Where the bar of windows is: its top and its height.
const BAR: (u32, u32) = (420, 120);

/// A moment of an agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    /// What happens.
    pub(crate) name: &'static str,
    /// The tick.
    pub(crate) tick: u64,
}

/// Moments in the order of time, the windows between some of them (each from its first tick to the first after it), and the
/// current tick.
pub(crate) fn timeline(
    moments: &[Moment],
    windows: &[(u64, u64)],
    now: u64,
    market: &Indexed,
) -> Markup {
    let caption = "Timeline";
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else {
        return html! {};
    };
    let until = last.tick.max(windows.last().map_or(0, |window| window.1));
    let x = Scale::new((first.tick.into(), until.into()), (90, WIDTH.saturating_sub(90)));
    let (top, thick) = BAR;
    let drawing = html! {
        line.axis x1=(x.at(first.tick.into())) y1=(top.saturating_add(thick)) x2=(x.at(until.into())) y2=(top.saturating_add(thick)) {}
        @for (number, (from, to)) in windows.iter().enumerate() {
            @let left = x.at((*from).into());
            rect class=(if number % 2 == 0 { "window" } else { "window other" }) x=(left) y=(top)
                width=(x.at((*to).into()).saturating_sub(left)) height=(thick) {}
        }
        @if (first.tick..=until).contains(&now) {
            line.now x1=(x.at(now.into())) y1="350" x2=(x.at(now.into())) y2="640" {}
        }
        @for (number, moment) in (1_u32..).zip(moments) {
            @let place = x.at(moment.tick.into());
            // Three rows, so that the numbers of moments that follow each other do not cover each other.
            @let row = number.checked_rem(3).unwrap_or(0).saturating_mul(115).saturating_add(110);
            line.mark x1=(place) y1=(row.saturating_add(20)) x2=(place) y2=(top.saturating_add(thick)) {}
            text.middle x=(place) y=(row) { (number) }
        }
    };
    let is_past = |moment: &Moment| moment.tick <= now;
    let rows = (1_u32..).zip(moments).map(|(number, moment)| {
        vec![
            number.render(),
            html! { (moment.name) },
            parts::tick(moment.tick, market),
            html! { (if is_past(moment) { "past" } else { "to come" }) },
        ]
    });
    let table = parts::table(caption, &["Number", "What", "When", "State"], rows);
    let names: Vec<_> = moments.iter().map(|moment| moment.name).collect();
    let summary = format!("Timeline: {}", names.join(", "));
    html! {
        (figure(caption, &summary, HEIGHT, &drawing, &table))
    }
}
