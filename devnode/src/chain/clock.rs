//! The chain's clock: system time plus an offset, never behind the latest block.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ChainClock {
    /// Seconds ahead of system time; negative if behind.
    pub(super) offset: i64,
    /// Timestamp set for the next block.
    pub(super) next_timestamp: Option<u64>,
    /// Seconds between consecutive blocks, if set; replaces the clock.
    pub(super) block_interval: Option<u64>,
}

impl ChainClock {
    /// Current unix second of the chain, ignoring [`Self::next_timestamp`].
    pub(crate) fn now(&self) -> u64 {
        system_time().saturating_add_signed(self.offset)
    }

    /// Unix second of the next block, if it is mined now and no interval is set.
    pub(crate) fn next_reading(&self) -> u64 {
        self.next_timestamp.unwrap_or_else(|| self.now())
    }

    /// Sets the clock, and discards the timestamp set for the next block.
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

    /// Seconds ahead of system time; zero if behind.
    pub(crate) fn seconds_ahead(&self) -> u64 {
        u64::try_from(self.offset).unwrap_or_default()
    }

    /// The timestamp of the next block, after a parent with timestamp `parent`. Consumes
    /// [`Self::next_timestamp`].
    pub(crate) fn next_block_timestamp(&mut self, parent: u64) -> u64 {
        let timestamp = match (self.next_timestamp, self.block_interval) {
            (Some(timestamp), _) => {
                self.set(timestamp);
                timestamp
            }
            (None, Some(interval)) => parent.saturating_add(interval),
            (None, None) => self.now(),
        };
        timestamp.max(parent)
    }
}

/// Unix seconds of the system clock.
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
    fn a_set_timestamp_is_used_once_and_the_clock_runs_on_from_there() {
        let timestamp = system_time() + 1_000_000;
        let mut clock = ChainClock { next_timestamp: Some(timestamp), ..ChainClock::default() };
        assert_eq!(clock.next_block_timestamp(0), timestamp);
        assert!((timestamp..timestamp + 60).contains(&clock.next_block_timestamp(0)));
    }

    #[test]
    fn an_interval_counts_from_the_parent_but_a_set_timestamp_wins() {
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
