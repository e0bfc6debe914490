//! What a daemon waits for.

use std::fmt::{self, Display, Formatter};

/// The next thing that a daemon waits for, in one line. Two are equal if they differ only in the date, which may be an
/// estimate.
#[derive(Clone, Debug)]
pub struct NextEvent {
    /// What must happen, as the end of a sentence that begins with "waits for".
    pub description: Box<str>,
    /// The tick of the market's clock in which it happens, if that is known.
    pub tick: Option<u64>,
    /// The date of that tick in UTC, if that is known; `about …` if it is an estimate.
    pub date: Option<Box<str>>,
}

impl PartialEq for NextEvent {
    fn eq(&self, other: &Self) -> bool {
        (&self.description, self.tick) == (&other.description, other.tick)
    }
}

impl Eq for NextEvent {}

impl NextEvent {
    /// An event that can happen at any time.
    #[must_use]
    pub fn untimed(description: impl Display) -> Self {
        Self { description: description.to_string().into(), tick: None, date: None }
    }

    /// An event that happens in a tick.
    #[must_use]
    pub fn at_tick(tick: u64, description: impl Display) -> Self {
        Self { description: description.to_string().into(), tick: Some(tick), date: None }
    }

    /// The event with the earlier tick; one without a tick comes last.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.tick, other.tick) {
            (None, Some(_)) => other,
            (Some(ours), Some(theirs)) if theirs < ours => other,
            _ => self,
        }
    }

    /// The earlier of two events that there may be.
    pub(crate) fn earliest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.earlier(other)),
            (one, other) => one.or(other),
        }
    }
}

impl Display for NextEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "waits for {}", self.description)?;
        match (self.tick, &self.date) {
            (Some(tick), Some(date)) => write!(f, " (tick {tick}, {date})"),
            (Some(tick), None) => write!(f, " (tick {tick})"),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_event_wins() {
        let any = || NextEvent::untimed("a message");
        let (soon, late) =
            (|| NextEvent::at_tick(5, "the start"), || NextEvent::at_tick(9, "the end"));
        for (one, other, first) in [
            (soon(), late(), soon()),
            (late(), soon(), soon()),
            (any(), late(), late()),
            (late(), any(), late()),
            (any(), any(), any()),
        ] {
            assert_eq!(one.earlier(other), first);
        }
        assert_eq!(soon().to_string(), "waits for the start (tick 5)");
        assert_eq!(any().to_string(), "waits for a message");
    }

    #[test]
    fn an_event_with_another_estimate_of_its_date_is_the_same() {
        let at = |date: &str| NextEvent { date: Some(date.into()), ..NextEvent::at_tick(5, "it") };
        let event = at("about 2026-12-03T00:10:00Z");
        assert_eq!(event, at("about 2026-12-03T00:10:01Z"));
        assert_ne!(event, NextEvent::at_tick(6, "it"));
        assert_ne!(event, NextEvent::at_tick(5, "them"));
        assert_eq!(event.to_string(), "waits for it (tick 5, about 2026-12-03T00:10:00Z)");
    }
}
