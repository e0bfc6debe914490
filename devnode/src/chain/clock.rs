//! What time it is on the chain: the wall clock, moved forward on request, never behind a block.

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock of one chain.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Seconds ahead of the wall clock, or behind it if negative.
    offset: i128,
    /// Unix second that the next block was promised.
    next: Option<u64>,
}

impl Clock {
    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, seconds: u64) {
        self.offset = self.offset.saturating_add(seconds.into());
    }

    /// Seconds that the clock is ahead of the wall clock; zero if it is behind.
    pub(crate) fn ahead(&self) -> u64 {
        u64::try_from(self.offset).unwrap_or_default()
    }

    /// Promises a time to the next block; the clock goes on from there.
    pub(crate) const fn set_next(&mut self, timestamp: u64) {
        self.next = Some(timestamp);
    }

    /// The time of a block whose parent has the time `parent`, which makes good a promise.
    pub(crate) fn tick(&mut self, parent: u64) -> u64 {
        let wall = wall_clock();
        let timestamp = match self.next.take() {
            Some(promised) => {
                self.offset = i128::from(promised).saturating_sub(wall.into());
                promised
            }
            None => u64::try_from(i128::from(wall).saturating_add(self.offset)).unwrap_or_default(),
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
        let mut clock = Clock::default();
        let promised = wall_clock() + 1_000_000;
        clock.set_next(promised);
        assert_eq!(clock.tick(0), promised);
        assert!((promised..promised + 60).contains(&clock.tick(0)));
    }
}
