//! Months.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Month(Date);

/// A text that is no month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a year and a month, such as 2026-11")]
pub(crate) struct MonthError;

impl FromStr for Month {
    type Err = MonthError;

    fn from_str(text: &str) -> Result<Self, MonthError> {
        let is_shaped = text.len() == 7 && text.starts_with(|first: char| first.is_ascii_digit());
        let date = format!("{text}-01").parse().ok().filter(|_| is_shaped);
        date.map(Self).ok_or(MonthError)
    }
}

impl Display for Month {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y-%m"))
    }
}

impl Month {
    /// The Unix seconds of the month in this zone, the first included and the last not.
    pub(crate) fn seconds(self, zone: &TimeZone) -> Range<u64> {
        let start = |date: Date| {
            let midnight = date.to_zoned(zone.clone()).map(|zoned| zoned.timestamp());
            u64::try_from(midnight.map_or(0, Timestamp::as_second)).unwrap_or(0)
        };
        let next = self.0.saturating_add(Span::new().months(1));
        start(self.0)..start(next)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::Offset;

    use super::*;

    #[test]
    fn a_month_ends_where_the_next_one_begins() {
        let december: Month = "2026-12".parse().unwrap();
        assert_eq!(december.to_string(), "2026-12");
        assert_eq!(december.seconds(&TimeZone::UTC), 1_796_083_200..1_798_761_600);
        let east = TimeZone::fixed(Offset::constant(2));
        assert_eq!(december.seconds(&east), 1_796_076_000..1_798_754_400);
        for wrong in ["", "2026", "2026-13", "2026-1", "2026-11-01", "november"] {
            assert_eq!(wrong.parse::<Month>(), Err(MonthError), "{wrong}");
        }
    }
}
