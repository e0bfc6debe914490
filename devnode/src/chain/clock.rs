//! What time it is on the chain: the wall clock, moved forward on request, never behind a block.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChainClock {
    /// Seconds ahead of the wall clock, or behind it if negative.
    pub(super) offset: i64,
    /// Unix second that the next block was promised.
    pub(super) next_timestamp: Option<u64>,
    /// Seconds from each block to the next, instead of what the wall clock says.
    pub(super) block_interval: Option<u64>,
}

impl ChainClock {
    /// The unix second of the chain, if nothing else was promised to its next block.
    pub(crate) fn now(&self) -> u64 {
        system_time().saturating_add_signed(self.offset)
    }

    /// Sets the clock.
    pub(crate) fn set(&mut self, timestamp: u64) {
        let wall = system_time();
        let distance = i64::try_from(timestamp.abs_diff(wall)).unwrap_or(i64::MAX);
        self.offset = if timestamp < wall { distance.saturating_neg() } else { distance };
        self.next_timestamp = None;
    }

    /// Moves the clock forward.
    pub(crate) const fn advance(&mut self, seconds: u64) {
        self.offset = self.offset.saturating_add_unsigned(seconds);
    }

    /// Seconds that the clock is ahead of the wall clock; zero if it is behind.
    pub(crate) fn seconds_ahead(&self) -> u64 {
        u64::try_from(self.offset).unwrap_or_default()
    }

    /// The time of a block whose parent has the time `parent`, which makes good a promise.
    pub(crate) fn next_block_timestamp(&mut self, parent: u64) -> u64 {
        let timestamp = match (self.next_timestamp, self.block_interval) {
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
fn system_time() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|age| age.as_secs()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_never_older_than_its_parent() {
        assert_eq!(ChainClock::default().next_block_timestamp(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_promised_time_is_kept_once_and_the_clock_goes_on_from_there() {
        let promised = system_time() + 1_000_000;
        let mut clock = ChainClock { next_timestamp: Some(promised), ..ChainClock::default() };
        assert_eq!(clock.next_block_timestamp(0), promised);
        assert!((promised..promised + 60).contains(&clock.next_block_timestamp(0)));
    }

    #[test]
    fn a_step_counts_from_the_parent_but_for_a_promise() {
        let mut clock = ChainClock {
            block_interval: Some(7),
            next_timestamp: Some(100),
            ..ChainClock::default()
        };
        assert_eq!(
            [
                clock.next_block_timestamp(0),
                clock.next_block_timestamp(100),
                clock.next_block_timestamp(107)
            ],
            [100, 107, 114]
        );
    }

    #[test]
    fn a_clock_can_be_set_back_and_forth() {
        let mut clock = ChainClock::default();
        for time in [0, 1, system_time() + 9_999_999] {
            clock.set(time);
            assert!((time..time + 60).contains(&clock.now()));
        }
    }
}
