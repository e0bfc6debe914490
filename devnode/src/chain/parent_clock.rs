//! The height of the parent chain, which does not exist: it grows with the time of this chain.

/// The clock of the parent chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ParentClock {
    /// Height at the second [`Self::since`].
    pub(super) height: u64,
    /// Unix second from which the height grows.
    pub(super) since: u64,
    /// Seconds between blocks; `None` if the height stands still.
    pub(super) block_time: Option<u64>,
}

impl ParentClock {
    /// Height at a unix second.
    pub(super) fn height_at(self, timestamp: u64) -> u64 {
        let age = timestamp.saturating_sub(self.since);
        let grown = self.block_time.and_then(|seconds| age.checked_div(seconds));
        self.height.saturating_add(grown.unwrap_or_default())
    }

    /// Sets the height at unix second `now`, from where it goes on to grow.
    pub(super) const fn set_height(&mut self, height: u64, now: u64) {
        self.height = height;
        self.since = now;
    }

    /// Sets the seconds between blocks from unix second `now` on; `None` and zero stop the clock.
    pub(super) fn set_block_time(&mut self, seconds: Option<u64>, now: u64) {
        self.set_height(self.height_at(now), now);
        self.block_time = seconds.filter(|&seconds| seconds > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_height_grows_by_whole_blocks_and_never_jumps() {
        let mut clock = ParentClock::default();
        assert_eq!(clock.height_at(1000), 0);
        clock.set_block_time(Some(12), 1000);
        assert_eq!([999, 1011, 1012, 1240].map(|second| clock.height_at(second)), [0, 0, 1, 20]);
        clock.set_block_time(Some(6), 1023);
        assert_eq!([1023, 1028, 1029].map(|second| clock.height_at(second)), [1, 1, 2]);
        clock.set_height(500, 1029);
        clock.set_block_time(None, 1035);
        assert_eq!(clock.height_at(9999), 501);
    }
}
