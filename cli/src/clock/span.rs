//! Lengths of time as options take them.

use std::fmt::{self, Display, Formatter};
use std::ops::RangeInclusive;
use std::time::Duration;

use humantime::{format_duration, parse_duration};

/// A length of time: a number in the option's own unit, or a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// A number in the option's unit.
    Plain(u64),
    /// A time, whatever the unit is.
    Time(Duration),
}

/// A text that is no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SpanError {
    /// Neither a number nor a time.
    #[error("expected a number of {0}, or a time such as 90s, 4m, 2h or 3d")]
    Invalid(&'static str),
    /// No length of a tick.
    #[error("expected how long a tick is, such as 1s or 250ms")]
    TickLength,
    /// Outside of what the option takes.
    #[error("expected {} to {} seconds", .0.start(), .0.end())]
    OutOfRange(RangeInclusive<u64>),
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(count) => write!(f, "{count}"),
            Self::Time(time) => write!(f, "{}ms", time.as_millis()),
        }
    }
}

/// A number of `unit`, or a time such as `4m` or `1h 30m`.
fn span(text: &str, unit: &'static str) -> Result<Span, SpanError> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Span::Plain).map_err(|_| SpanError::Invalid(unit));
    }
    parse_duration(text).map(Span::Time).map_err(|_| SpanError::Invalid(unit))
}

/// Ticks, of which the market's clock says how long they are, or a time.
pub(crate) fn length(text: &str) -> Result<Span, SpanError> {
    let fits = |span: &Span| match span {
        Span::Plain(ticks) => u32::try_from(*ticks).is_ok(),
        Span::Time(_) => true,
    };
    span(text, "ticks").and_then(|span| Some(span).filter(fits).ok_or(SpanError::Invalid("ticks")))
}

/// Seconds, rounded up.
pub(crate) fn seconds(text: &str) -> Result<u64, SpanError> {
    Ok(match span(text, "seconds")? {
        Span::Plain(seconds) => seconds,
        Span::Time(time) => time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)),
    })
}

/// A parser of seconds within these bounds.
pub(crate) fn seconds_within(
    bounds: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<u64, SpanError> + Clone + Send + Sync + 'static {
    move |text| {
        let seconds = seconds(text)?;
        let fits = bounds.contains(&seconds);
        fits.then_some(seconds).ok_or_else(|| SpanError::OutOfRange(bounds.clone()))
    }
}

/// Milliseconds, rounded down.
pub(crate) fn milliseconds(text: &str) -> Result<u64, SpanError> {
    Ok(match span(text, "milliseconds")? {
        Span::Plain(milliseconds) => milliseconds,
        Span::Time(time) => u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
    })
}

/// How long a tick is, a microsecond or more.
pub(crate) fn tick_length(text: &str) -> Result<Duration, SpanError> {
    let time = parse_duration(text).ok().filter(|time| time.as_micros() > 0);
    time.ok_or(SpanError::TickLength)
}

/// A time for people, to the second: `1h 30m`.
pub(super) fn time_text(seconds: u64) -> String {
    format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_number_keeps_the_options_unit() {
        assert_eq!(length("240"), Ok(Span::Plain(240)));
        assert_eq!(seconds("90"), Ok(90));
        assert_eq!(milliseconds("2000"), Ok(2_000));
    }

    #[test]
    fn a_time_has_units() {
        assert_eq!(length("4m"), Ok(Span::Time(Duration::from_mins(4))));
        for text in ["1h 30m", "1h30m", "1.5h"] {
            assert_eq!(length(text), Ok(Span::Time(Duration::from_mins(90))), "{text}");
        }
        assert_eq!([seconds("4m"), seconds("2h"), seconds("3d")], [240, 7_200, 259_200].map(Ok));
        assert_eq!([seconds("1500ms"), milliseconds("2s")], [Ok(2), Ok(2_000)]);
    }

    #[test]
    fn other_texts_say_what_is_expected() {
        for wrong in ["", "-1", "m", "4x", "soon", "99999999999999999999"] {
            assert_eq!(length(wrong), Err(SpanError::Invalid("ticks")), "{wrong}");
        }
        assert_eq!(length("4294967296"), Err(SpanError::Invalid("ticks")));
        let text = length("soon").unwrap_err().to_string();
        assert_eq!(text, "expected a number of ticks, or a time such as 90s, 4m, 2h or 3d");
    }

    #[test]
    fn seconds_keep_within_bounds() {
        let parse = seconds_within(1..=3_600);
        assert_eq!([parse("1"), parse("1h")], [Ok(1), Ok(3_600)]);
        for wrong in ["0", "3601", "61m"] {
            assert_eq!(parse(wrong).unwrap_err().to_string(), "expected 1 to 3600 seconds");
        }
    }

    #[test]
    fn a_tick_has_a_length() {
        assert_eq!(tick_length("250ms"), Ok(Duration::from_millis(250)));
        for wrong in ["", "250", "0s", "1ns"] {
            assert_eq!(tick_length(wrong), Err(SpanError::TickLength), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_shown_with_units() {
        assert_eq!([0, 240, 5_400, 259_200].map(time_text), ["0s", "4m", "1h 30m", "3days"]);
    }
}
