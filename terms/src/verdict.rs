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
pub struct Record {
    /// Windows judged served.
    pub served: u8,
    /// Windows judged failed.
    pub failed: u8,
}

impl Record {
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
    pub fn known(self) -> u32 {
        u32::from(self.served).wrapping_add(self.failed.into()) // two bytes cannot leave 32 bits
    }

    /// Whether the measured uptime reaches `promise` basis points, or nothing was measured.
    #[must_use]
    pub fn keeps(self, promise: u16) -> bool {
        // 8 + 14 and 9 + 16 bits cannot leave 32.
        u32::from(BPS).wrapping_mul(self.served.into())
            >= u32::from(promise).wrapping_mul(self.known())
    }
}
