//! Values over time: as a line, as bars, or as a range around a line.

use maud::{Markup, html};

use super::frame::{HEIGHT, Labels, X, Y, axes, figure};
use super::scale::Scale;
use crate::{parts, text};

/// How a value is written.
type Written<'a> = &'a dyn Fn(u128) -> String;

/// The first and the last time, if there is any value.
fn span(times: impl Iterator<Item = u64> + Clone) -> Option<(u64, u64)> {
    Some((times.clone().min()?, times.max()?))
}

/// A chart of what these points are drawn as.
fn chart(
    (caption, written): (&str, Written<'_>),
    (from, until): (u64, u64),
    (highest, last): (u128, u128),
    drawing: &Markup,
    numbers: &Markup,
) -> Markup {
    let labels = Labels {
        top: written(highest),
        bottom: written(0),
        left: text::day(from),
        right: text::day(until),
    };
    let summary = format!(
        "{caption}, from {} to {}: at most {}, at last {}",
        labels.left,
        labels.right,
        labels.top,
        written(last)
    );
    figure(caption, &summary, HEIGHT, &axes(&labels, drawing), numbers)
}

/// A value that stays until it changes, by Unix second, oldest first.
pub(crate) fn line_chart(caption: &str, points: &[(u64, u128)], written: Written<'_>) -> Markup {
    let (Some((from, until)), Some((_, last))) =
        (span(points.iter().map(|point| point.0)), points.last())
    else {
        return html! { p.none { (caption) ": nothing yet." } };
    };
    let highest = points.iter().map(|point| point.1).max().unwrap_or(0);
    let (x, y) = (Scale::new((from.into(), until.into()), X), Scale::new((0, highest), Y));
    let mut path = String::new();
    for (time, value) in points {
        let (x, y) = (x.at((*time).into()), y.at(*value));
        if path.is_empty() {
            path = format!("M{} {y}H{x}", X.0);
        } else {
            text::append(&mut path, format_args!("H{x}V{y}"));
        }
    }
    text::append(&mut path, format_args!("H{}", X.1));
    let rows =
        points.iter().map(|(time, value)| vec![parts::time(*time), html! { (written(*value)) }]);
    let numbers = parts::table(caption, &["From", "Value"], rows);
    let drawing = html! { path.line d=(path) {} };
    chart((caption, written), (from, until), (highest, *last), &drawing, &numbers)
}

/// A bar for each day: the day's first Unix second, what is good about it, and what is bad.
pub(crate) fn bar_chart(
    caption: &str,
    (good, bad): (&str, &str),
    days: &[(u64, u128, u128)],
    written: Written<'_>,
) -> Markup {
    let (Some((from, until)), Some(last)) = (span(days.iter().map(|day| day.0)), days.last())
    else {
        return html! { p.none { (caption) ": nothing yet." } };
    };
    let highest = days.iter().map(|day| day.1.max(day.2)).max().unwrap_or(0);
    let x =
        Scale::new((from.into(), until.into()), (X.0.saturating_add(100), X.1.saturating_sub(100)));
    let y = Scale::new((0, highest), Y);
    let bar = |class: &str, left: u32, value: u128| {
        let top = y.at(value);
        html! { rect class=(class) x=(left) y=(top) width="60" height=(Y.0.saturating_sub(top)) {} }
    };
    let drawing = html! {
        @for (day, good, bad) in days {
            @let middle = x.at((*day).into());
            (bar("good", middle.saturating_sub(65), *good))
            @if *bad > 0 { (bar("bad", middle.saturating_add(5), *bad)) }
        }
    };
    let rows = days.iter().map(|(day, good, bad)| {
        vec![html! { (text::day(*day)) }, html! { (written(*good)) }, html! { (written(*bad)) }]
    });
    let numbers = parts::table(caption, &["Day", good, bad], rows);
    chart((caption, written), (from, until), (highest, last.1), &drawing, &numbers)
}

/// A range of each day, and a line in it: the day's first Unix second, then the lower end, the middle and the upper end.
pub(crate) fn range_chart(
    caption: &str,
    heads: [&str; 3],
    days: &[(u64, [u128; 3])],
    written: Written<'_>,
) -> Markup {
    let (Some((from, until)), Some((_, [_, last, _]))) =
        (span(days.iter().map(|day| day.0)), days.last())
    else {
        return html! { p.none { (caption) ": nothing yet." } };
    };
    let highest = days.iter().map(|(_, [_, _, upper])| *upper).max().unwrap_or(0);
    let x =
        Scale::new((from.into(), until.into()), (X.0.saturating_add(60), X.1.saturating_sub(60)));
    let y = Scale::new((0, highest), Y);
    let mut line = String::new();
    for (day, [_, middle, _]) in days {
        let command = if line.is_empty() { 'M' } else { 'L' };
        text::append(&mut line, format_args!("{command}{} {}", x.at((*day).into()), y.at(*middle)));
    }
    let drawing = html! {
        @for (day, [lower, _, upper]) in days {
            @let (top, bottom) = (y.at(*upper), y.at(*lower));
            rect.range x=(x.at((*day).into()).saturating_sub(40)) y=(top) width="80"
                height=(bottom.saturating_sub(top).max(12)) {}
        }
        path.line d=(line) {}
        @for (day, [_, middle, _]) in days {
            circle.dot cx=(x.at((*day).into())) cy=(y.at(*middle)) r="28" {}
        }
    };
    let rows = days.iter().map(|(day, values)| {
        let values = values.iter().map(|value| html! { (written(*value)) });
        std::iter::once(html! { (text::day(*day)) }).chain(values).collect()
    });
    let [lower, middle, upper] = heads;
    let numbers = parts::table(caption, &["Day", lower, middle, upper], rows);
    chart((caption, written), (from, until), (highest, *last), &drawing, &numbers)
}
