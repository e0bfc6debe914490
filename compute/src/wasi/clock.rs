//! A clock that depends on nothing but the program's own questions.

use crate::{
    fs::Errno,
    profile::{CLOCK_STEP, EPOCH},
};

/// Time since the program started, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// What it says.
    elapsed: u64,
}

/// The clocks of WASI preview 1 by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockId {
    /// Time since 1970; 2000-01-01 at the start.
    Realtime,
    /// Time since the start. The clocks of processor time say the same.
    Elapsed,
}

impl ClockId {
    /// The clock of a number.
    pub(super) const fn new(number: u32) -> Result<Self, Errno> {
        match number {
            0 => Ok(Self::Realtime),
            1..=3 => Ok(Self::Elapsed),
            _ => Err(Errno::Inval),
        }
    }

    /// What the clock says at the program's start.
    const fn start(self) -> u64 {
        match self {
            Self::Realtime => EPOCH,
            Self::Elapsed => 0,
        }
    }

    /// The time since the start at which a wait ends that began at `since`.
    pub(super) const fn deadline(self, timeout: u64, is_absolute: bool, since: u64) -> u64 {
        if is_absolute {
            timeout.saturating_sub(self.start())
        } else {
            since.saturating_add(timeout)
        }
    }
}

impl Clock {
    /// Goes on by a step.
    pub(super) const fn step(&mut self) {
        self.elapsed = self.elapsed.saturating_add(CLOCK_STEP);
    }

    /// The time since the program started.
    pub(super) const fn elapsed(&self) -> u64 {
        self.elapsed
    }

    /// What a clock says.
    pub(super) const fn now(&self, id: ClockId) -> u64 {
        id.start().saturating_add(self.elapsed)
    }

    /// Jumps to a deadline, unless it has passed.
    pub(super) fn jump(&mut self, deadline: u64) {
        self.elapsed = self.elapsed.max(deadline);
    }

    /// Whether a deadline has passed.
    pub(super) const fn has_passed(&self, deadline: u64) -> bool {
        self.elapsed >= deadline
    }
}
