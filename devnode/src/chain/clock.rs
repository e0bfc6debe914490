//! What time it is on the chain: the wall clock, moved forward on request, never behind a block.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    /// Seconds ahead of the wall clock, or behind it if negative.
    pub(super) offset: i64,
    /// Unix second that the next block was promised.
    pub(super) next: Option<u64>,
    /// Seconds from each block to the next, instead of what the wall clock says.
    pub(super) step: Option<u64>,
}

impl Clock {
    /// The unix second of the chain, if nothing else was promised to its next block.
    pub(crate) fn now(&self) -> u64 {
        wall_clock().saturating_add_signed(self.offset)
    }

    /// Sets the clock.
    pub(crate) fn set(&mut self, timestamp: u64) {
        let wall = wall_clock();
        let distance = i64::try_from(timestamp.abs_diff(wall)).unwrap_or(i64::MAX);
        self.offset = if timestamp < wall { distance.saturating_neg() } else { distance };
        self.next = None;
    }

    /// Moves the clock forward.
    pub(crate) const fn advance(&mut self, seconds: u64) {
        self.offset = self.offset.saturating_add_unsigned(seconds);
    }

    /// Seconds that the clock is ahead of the wall clock; zero if it is behind.
    pub(crate) fn ahead(&self) -> u64 {
        u64::try_from(self.offset).unwrap_or_default()
    }

    /// The time of a block whose parent has the time `parent`, which makes good a promise.
    pub(crate) fn tick(&mut self, parent: u64) -> u64 {
        let timestamp = match (self.next, self.step) {
            (Some(promised), _) => {
                self.set(promised);
                promised
            }
            (None, Some(step)) => parent.saturating_add(step),
            (None, None) => self.now(),
        };
        timestamp.max(parent)
    }
}

/// Unix seconds of the machine.
fn wall_clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_never_older_than_its_parent() {
        assert_eq!(Clock::default().tick(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_promised_time_is_kept_once_and_the_clock_goes_on_from_there() {
        let promised = wall_clock() + 1_000_000;
        let mut clock = Clock { next: Some(promised), ..Clock::default() };
        assert_eq!(clock.tick(0), promised);
        assert!((promised..promised + 60).contains(&clock.tick(0)));
    }

    #[test]
    fn a_step_counts_from_the_parent_but_for_a_promise() {
        let mut clock = Clock { step: Some(7), next: Some(100), ..Clock::default() };
        assert_eq!([clock.tick(0), clock.tick(100), clock.tick(107)], [100, 107, 114]);
    }

    #[test]
    fn a_clock_can_be_set_back_and_forth() {
        let mut clock = Clock::default();
        for time in [0, 1, wall_clock() + 9_999_999] {
            clock.set(time);
            assert!((time..time + 60).contains(&clock.now()));
        }
    }
}
