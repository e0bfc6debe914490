//! The chain's time: this machine's clock, corrected by the timestamps of blocks.
//!
//! A quiet chain makes no blocks for hours, so the latest timestamp alone is not enough. A machine's clock
//! may be wrong, and one that is an hour ahead would miss every time to accept.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::backend::Head;

/// The most seconds that a block takes to reach a node.
const PROPAGATION_DELAY: u64 = 2;

/// The offset between this machine's clock and the chain's, as far as blocks have shown it.
#[derive(Debug, Default)]
pub(crate) struct ChainClock(Mutex<ClockState>);

/// The state of a [`ChainClock`].
#[derive(Debug, Default)]
struct ClockState {
    /// Seconds by which the machine is ahead; 0 until blocks show more.
    offset: u64,
    /// The number of the latest block, and the machine's second in which it was requested.
    latest: Option<(u64, u64)>,
}

impl ChainClock {
    /// Learns from the latest block, which was requested in the machine's second `requested`, and received
    /// in the second `received`.
    pub(super) fn observe(&self, head: &Head, requested: u64, received: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.latest.replace((head.number, requested)) {
            // The block was made after `since`, so the chain's clock showed no more than its timestamp then.
            Some((number, since)) if number < head.number => {
                let latest = head.timestamp.saturating_add(PROPAGATION_DELAY);
                state.offset = state.offset.max(since.saturating_sub(latest));
            }
            // A reorg, which may have set the chain's clock back.
            Some((number, _)) if number > head.number => state.offset = 0,
            _ => {}
        }
        // The chain's clock is not behind the block's timestamp by now.
        state.offset = state.offset.min(received.saturating_sub(head.timestamp));
    }

    /// The chain's Unix second in the machine's second `now`, never before the latest block.
    pub(super) fn time(&self, head: &Head, now: u64) -> u64 {
        let ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner).offset;
        now.saturating_sub(ahead).max(head.timestamp)
    }
}

/// The machine's Unix second.
pub(super) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

    /// A block.
    fn block(number: u64, timestamp: u64) -> Head {
        Head { number, timestamp, ..Head::default() }
    }

    #[test]
    fn without_new_blocks_the_local_clock_counts() {
        let (clock, old) = (ChainClock::default(), block(7, 1_000));
        for now in [HOUR, HOUR + 1, 9 * HOUR] {
            clock.observe(&old, now, now);
            assert_eq!(clock.time(&old, now), now);
        }
    }

    #[test]
    fn a_fast_local_clock_is_corrected_by_the_next_block() {
        let clock = ChainClock::default();
        clock.observe(&block(7, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        let new = block(8, 1_001);
        clock.observe(&new, 1_001 + HOUR, 1_002 + HOUR);
        let late = 1_500 + HOUR;
        assert!((1_500..=1_503).contains(&clock.time(&new, late)), "{}", clock.time(&new, late));
    }

    #[test]
    fn a_slow_local_clock_uses_the_latest_block() {
        let (clock, head) = (ChainClock::default(), block(7, 1_000 + HOUR));
        clock.observe(&head, 1_000, 1_000);
        assert_eq!(clock.time(&head, 1_500), 1_000 + HOUR);
    }

    #[test]
    fn a_block_after_a_long_gap_does_not_change_the_offset() {
        let clock = ChainClock::default();
        clock.observe(&block(7, 1_000), 1_000, 1_000);
        let new = block(8, 1_000 + HOUR);
        clock.observe(&new, 1_010 + HOUR, 1_010 + HOUR);
        assert_eq!(clock.time(&new, 1_010 + HOUR), 1_010 + HOUR);
    }

    #[test]
    fn new_blocks_correct_the_offset_of_old_ones() {
        let clock = ChainClock::default();
        for number in [7, 8] {
            // The node has not caught up.
            clock.observe(&block(number, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        }
        let new = block(9, 1_000 + HOUR);
        clock.observe(&new, 1_001 + HOUR, 1_001 + HOUR);
        assert!(clock.time(&new, 1_500 + HOUR) >= 1_499 + HOUR);
    }

    #[test]
    fn a_reorg_resets_the_offset() {
        let clock = ChainClock::default();
        for number in [7, 8] {
            clock.observe(&block(number, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        }
        let old = block(7, 900);
        clock.observe(&old, 1_001 + HOUR, 1_001 + HOUR);
        assert_eq!(clock.time(&old, 1_001 + HOUR), 1_001 + HOUR);
    }
}
