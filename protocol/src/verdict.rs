//! What the seats of a window say about a worker, and what all windows say together.

use crate::BPS;

/// What the seats of one window say about one worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No seat said anything.
    Unknown,
    /// At least as many seats were served as were not.
    Served,
    /// More seats were not served than were.
    Failed,
}

/// The verdict of `served` seats against `failed` ones. Silent seats do not count; a tie is served.
#[must_use]
pub const fn judge(served: u8, failed: u8) -> Verdict {
    if served == 0 && failed == 0 {
        Verdict::Unknown
    } else if failed > served {
        Verdict::Failed
    } else {
        Verdict::Served
    }
}

/// How many windows of an agreement were judged served, and how many failed. Unknown ones are in
/// neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowTally {
    /// Windows judged served.
    pub served: u8,
    /// Windows judged failed.
    pub failed: u8,
}

impl WindowTally {
    /// Adds one window.
    pub const fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Unknown => {}
            Verdict::Served => self.served = self.served.saturating_add(1),
            Verdict::Failed => self.failed = self.failed.saturating_add(1),
        }
    }

    /// Windows of which anything is known.
    #[must_use]
    pub fn decided(self) -> u32 {
        u32::from(self.served).wrapping_add(self.failed.into()) // two bytes cannot leave 32 bits
    }

    /// Whether the measured uptime reaches `promise` basis points, or nothing was measured.
    #[must_use]
    pub fn meets(self, promise: u16) -> bool {
        // 8 + 14 and 9 + 16 bits cannot leave 32.
        u32::from(BPS).wrapping_mul(self.served.into())
            >= u32::from(promise).wrapping_mul(self.decided())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_more_failures_than_services_fail_a_window() {
        assert_eq!(judge(0, 0), Verdict::Unknown);
        assert_eq!(judge(1, 0), Verdict::Served);
        assert_eq!(judge(0, 1), Verdict::Failed);
        assert_eq!(judge(1, 1), Verdict::Served);
        assert_eq!(judge(7, 8), Verdict::Failed);
        assert_eq!(judge(8, 7), Verdict::Served);
    }

    #[test]
    fn a_tally_counts_decided_windows_only() {
        let mut record = WindowTally::default();
        for verdict in [Verdict::Served, Verdict::Unknown, Verdict::Failed, Verdict::Served] {
            record.add(verdict);
        }
        assert_eq!(record, WindowTally { served: 2, failed: 1 });
        assert_eq!(record.decided(), 3);
    }

    #[test]
    fn a_promise_is_kept_to_the_basis_point() {
        let record = WindowTally { served: 19, failed: 1 };
        assert!(record.meets(9_500));
        assert!(!record.meets(9_501));
    }

    #[test]
    fn a_promise_is_kept_while_nothing_is_known() {
        assert!(WindowTally::default().meets(BPS));
        assert!(!WindowTally { served: 0, failed: 1 }.meets(1));
    }
}
