//! What a daemon waits for.

use std::fmt::{self, Display, Formatter};

/// The next thing that a daemon waits for, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextEvent {
    /// What must happen, as the end of a sentence that begins with "waits for".
    pub description: Box<str>,
    /// The tick of the market's clock in which it happens, if that is known.
    pub tick: Option<u64>,
}

impl NextEvent {
    /// An event that can happen at any time.
    #[must_use]
    pub fn untimed(description: impl Display) -> Self {
        Self { description: description.to_string().into(), tick: None }
    }

    /// An event that happens in a tick.
    #[must_use]
    pub fn at_tick(tick: u64, description: impl Display) -> Self {
        Self { description: description.to_string().into(), tick: Some(tick) }
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
        match self.tick {
            Some(tick) => write!(f, "waits for {} (tick {tick})", self.description),
            None => write!(f, "waits for {}", self.description),
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
}
