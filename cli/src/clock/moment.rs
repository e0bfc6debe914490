//! Points in time as options take them.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use humantime::parse_duration;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

/// A point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A tick of the market's clock.
    Tick(u64),
    /// A date and time.
    At(Timestamp),
    /// So long from now.
    After(Duration),
}

/// A text that is no point in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a tick, a date such as 2026-12-24, 2026-12-24T18:00 (local time) or 2026-12-24T18:00Z, or a time from now such as 2h"
)]
pub(crate) struct MomentError;

impl Display for Moment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tick(tick) => write!(f, "{tick}"),
            Self::At(time) => write!(f, "{time}"),
            Self::After(time) => write!(f, "+{}ms", time.as_millis()),
        }
    }
}

/// A tick, a date and time (local, unless it names its zone), or a time from now.
pub(crate) fn moment(text: &str) -> Result<Moment, MomentError> {
    moment_in(text, &TimeZone::system())
}

/// [`moment`], where local times are those of this zone.
fn moment_in(text: &str, local: &TimeZone) -> Result<Moment, MomentError> {
    if let Ok(tick) = text.parse() {
        return Ok(Moment::Tick(tick));
    }
    if let Ok(time) = parse_duration(text) {
        return Ok(Moment::After(time));
    }
    let zoned = text.parse::<Zoned>().map(|zoned| zoned.timestamp());
    let time = zoned.or_else(|_| text.parse::<Timestamp>()).or_else(|_| {
        let civil = text.parse::<DateTime>()?;
        civil.to_zoned(local.clone()).map(|zoned| zoned.timestamp())
    });
    time.map(Moment::At).map_err(|_| MomentError)
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::*;

    #[test]
    fn a_point_in_time_is_a_tick_a_date_or_a_time_from_now() {
        let local = TimeZone::fixed(Offset::constant(2));
        let at = |text: &str| Ok(Moment::At(text.parse().unwrap()));
        for (text, expected) in [
            ("99", Ok(Moment::Tick(99))),
            ("2h", Ok(Moment::After(Duration::from_hours(2)))),
            ("2026-12-24", at("2026-12-23T22:00:00Z")),
            ("2026-12-24T18:00", at("2026-12-24T16:00:00Z")),
            ("2026-12-24 18:00:05", at("2026-12-24T16:00:05Z")),
            ("2026-12-24T18:00Z", at("2026-12-24T18:00:00Z")),
            ("2026-12-24T18:00+01:00", at("2026-12-24T17:00:00Z")),
            ("2026-12-24T18:00+00:00[UTC]", at("2026-12-24T18:00:00Z")),
        ] {
            assert_eq!(moment_in(text, &local), expected, "{text}");
        }
        for wrong in ["", "-1", "soon", "2026-13-01", "24.12.2026"] {
            assert_eq!(moment_in(wrong, &local), Err(MomentError), "{wrong}");
        }
    }
}
