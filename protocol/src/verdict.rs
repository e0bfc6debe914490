//! Verdicts of windows, and their tally over an agreement.

use crate::BPS;

/// The verdict on one worker in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No seat reported.
    Unknown,
    /// At least as many seats report service as failure.
    Served,
    /// More seats report failure than service.
    Failed,
}

/// The verdict of `served` seats against `failed` ones. Seats without a report do not count; a tie is
/// [`Verdict::Served`].
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

/// The decided windows of an agreement; unknown ones are in neither count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WindowTally {
    /// Windows judged served.
    pub served: u8,
    /// Windows judged failed.
    pub failed: u8,
}

impl WindowTally {
    /// Adds the verdict of one window.
    pub const fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Unknown => {}
            Verdict::Served => self.served = self.served.saturating_add(1),
            Verdict::Failed => self.failed = self.failed.saturating_add(1),
        }
    }

    /// The number of decided windows.
    #[must_use]
    pub fn decided(self) -> u32 {
        u32::from(self.served).wrapping_add(self.failed.into()) // two bytes fit into 32 bits
    }

    /// Whether the measured uptime reaches `promise` basis points, or no window was decided.
    #[must_use]
    pub fn meets(self, promise: u16) -> bool {
        // 8 + 14 and 9 + 16 bits fit into 32.
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
        let mut tally = WindowTally::default();
        for verdict in [Verdict::Served, Verdict::Unknown, Verdict::Failed, Verdict::Served] {
            tally.add(verdict);
        }
        assert_eq!(tally, WindowTally { served: 2, failed: 1 });
        assert_eq!(tally.decided(), 3);
    }

    #[test]
    fn a_promise_is_kept_to_the_basis_point() {
        let tally = WindowTally { served: 19, failed: 1 };
        assert!(tally.meets(9_500));
        assert!(!tally.meets(9_501));
    }

    #[test]
    fn a_promise_is_kept_while_nothing_is_known() {
        assert!(WindowTally::default().meets(BPS));
        assert!(!WindowTally { served: 0, failed: 1 }.meets(1));
    }
}
