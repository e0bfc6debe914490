//! What time it is on the chain: this machine's time, put right by what blocks say.
//!
//! A quiet chain makes no blocks for hours, so the latest one alone does not tell. And a machine's clock may be wrong:
//! one that is an hour ahead would take what is to be accepted now for long lost.

use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::transport::Head;

/// Seconds by which a block may be older than it seems: it takes a moment to reach a node.
const DELAY: u64 = 2;

/// How far this machine's clock is ahead of the chain's, as far as blocks have shown it.
#[derive(Debug, Default)]
pub(crate) struct Clock(Mutex<State>);

/// See [`Clock`].
#[derive(Debug, Default)]
struct State {
    /// Seconds that the machine is ahead; none until blocks say otherwise.
    ahead: u64,
    /// The latest block, and the machine's second in which it was known to be that.
    seen: Option<(u64, u64)>,
}

impl Clock {
    /// Takes note of the latest block, for which a node was asked in the machine's second `asked`, and which came
    /// in the second `came`.
    pub(crate) fn note(&self, head: &Head, asked: u64, came: u64) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.seen.replace((head.number, asked)) {
            // It was made since then, so the chain's clock did not show more at that time.
            Some((number, since)) if number < head.number => {
                let latest = head.timestamp.saturating_add(DELAY);
                state.ahead = state.ahead.max(since.saturating_sub(latest));
            }
            // The chain has moved back, and its clock perhaps too.
            Some((number, _)) if number > head.number => state.ahead = 0,
            _ => {}
        }
        // The chain's clock shows as much as the block by now.
        state.ahead = state.ahead.min(came.saturating_sub(head.timestamp));
    }

    /// The Unix second of the chain in the machine's second `now`, never before the latest block.
    pub(crate) fn time(&self, head: &Head, now: u64) -> u64 {
        let ahead = self.0.lock().unwrap_or_else(PoisonError::into_inner).ahead;
        now.saturating_sub(ahead).max(head.timestamp)
    }
}

/// The machine's second.
pub(crate) fn wall() -> u64 {
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
    fn a_quiet_chain_goes_by_the_machine() {
        let (clock, old) = (Clock::default(), block(7, 1_000));
        for now in [HOUR, HOUR + 1, 9 * HOUR] {
            clock.note(&old, now, now);
            assert_eq!(clock.time(&old, now), now);
        }
    }

    #[test]
    fn a_machine_that_is_ahead_is_put_right_by_the_next_block() {
        let clock = Clock::default();
        clock.note(&block(7, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        let new = block(8, 1_001);
        clock.note(&new, 1_001 + HOUR, 1_002 + HOUR);
        let late = 1_500 + HOUR;
        assert!((1_500..=1_503).contains(&clock.time(&new, late)), "{}", clock.time(&new, late));
    }

    #[test]
    fn a_machine_that_is_behind_goes_by_the_latest_block() {
        let (clock, head) = (Clock::default(), block(7, 1_000 + HOUR));
        clock.note(&head, 1_000, 1_000);
        assert_eq!(clock.time(&head, 1_500), 1_000 + HOUR);
    }

    #[test]
    fn a_block_that_comes_after_a_long_silence_proves_little() {
        let clock = Clock::default();
        clock.note(&block(7, 1_000), 1_000, 1_000);
        let new = block(8, 1_000 + HOUR);
        clock.note(&new, 1_010 + HOUR, 1_010 + HOUR);
        assert_eq!(clock.time(&new, 1_010 + HOUR), 1_010 + HOUR);
    }

    #[test]
    fn what_old_blocks_have_shown_is_put_right_by_new_ones() {
        let clock = Clock::default();
        for number in [7, 8] {
            // The node has not caught up yet.
            clock.note(&block(number, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        }
        let new = block(9, 1_000 + HOUR);
        clock.note(&new, 1_001 + HOUR, 1_001 + HOUR);
        assert!(clock.time(&new, 1_500 + HOUR) >= 1_499 + HOUR);
    }

    #[test]
    fn a_chain_that_moves_back_has_shown_nothing() {
        let clock = Clock::default();
        for number in [7, 8] {
            clock.note(&block(number, 1_000), 1_000 + HOUR, 1_000 + HOUR);
        }
        let old = block(7, 900);
        clock.note(&old, 1_001 + HOUR, 1_001 + HOUR);
        assert_eq!(clock.time(&old, 1_001 + HOUR), 1_001 + HOUR);
    }
}
