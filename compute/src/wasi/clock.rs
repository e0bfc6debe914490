//! A clock that depends on nothing but the program's own questions.

use super::guest::{Done, Guest, nth};
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
    const fn deadline(self, timeout: u64, is_absolute: bool, since: u64) -> u64 {
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

/// Writes the resolution of a clock.
pub(super) fn clock_res_get(guest: &mut Guest<'_>, id: u32, resolution: u32) -> Done {
    ClockId::new(id)?;
    Ok(guest.write_u64(resolution, CLOCK_STEP)?)
}

/// Writes what a clock says, after it went on by a step.
pub(super) fn clock_time_get(guest: &mut Guest<'_>, id: u32, _precision: u64, time: u32) -> Done {
    let id = ClockId::new(id)?;
    guest.wasi.clock.step();
    let now = guest.wasi.clock.now(id);
    Ok(guest.write_u64(time, now)?)
}

/// The tags of subscriptions and of events.
const CLOCK: u8 = 0;
/// Something can be read.
const FD_READ: u8 = 1;
/// Something can be written.
const FD_WRITE: u8 = 2;
/// A subscription is this long.
const SUBSCRIPTION: u32 = 48;
/// An event is this long.
const EVENT: u32 = 32;

/// What a subscription waits for.
enum Wait {
    /// A time since the start.
    Until(u64),
    /// A descriptor that is ready at once, with the bytes that can be read or written.
    Ready(u64),
    /// Something that cannot be waited for.
    Never(Errno),
}

/// Reports each descriptor that is ready, which is every open one, and each clock whose time has come. If there is
/// nothing to report, the clock jumps to the earliest time of all.
pub(super) fn poll_oneoff(
    guest: &mut Guest<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    reported: u32,
) -> Done {
    if count == 0 {
        return Err(Errno::Inval.into());
    }
    guest.wasi.clock.step();
    let since = guest.wasi.clock.elapsed;
    let mut earliest: Option<u64> = None;
    let mut is_ready = false;
    for index in 0..count {
        match wait(guest, nth(subscriptions, index, SUBSCRIPTION, 0)?, since)? {
            Wait::Until(deadline) => {
                earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline)));
            }
            Wait::Ready(_) | Wait::Never(_) => is_ready = true,
        }
    }
    if let Some(deadline) = earliest.filter(|_| !is_ready) {
        guest.wasi.clock.jump(deadline);
    }
    let mut written: u32 = 0;
    for index in 0..count {
        let at = nth(subscriptions, index, SUBSCRIPTION, 0)?;
        let (errno, bytes) = match wait(guest, at, since)? {
            Wait::Until(deadline) if guest.wasi.clock.has_passed(deadline) => (0, 0),
            Wait::Until(_) => continue,
            Wait::Ready(bytes) => (0, bytes),
            Wait::Never(errno) => (errno.number(), 0),
        };
        let (user, tag) = (guest.read_u64(at)?, guest.read_u8(nth(at, 0, 0, 8)?)?);
        let mut event = Vec::with_capacity(32);
        event.extend(user.to_le_bytes());
        event.extend(errno.to_le_bytes());
        event.extend([tag, 0, 0, 0, 0, 0]);
        event.extend(bytes.to_le_bytes());
        event.extend([0; 8]);
        guest.write(nth(events, written, EVENT, 0)?, &event)?;
        written = written.saturating_add(1);
    }
    Ok(guest.write_u32(reported, written)?)
}

/// Reads a subscription of a poll that began at `since`.
fn wait(guest: &Guest<'_>, at: u32, since: u64) -> Result<Wait, Errno> {
    let field = |offset| nth(at, 0, 0, offset);
    match guest.read_u8(field(8)?)? {
        CLOCK => {
            let id = match ClockId::new(guest.read_u32(field(16)?)?) {
                Ok(id) => id,
                Err(errno) => return Ok(Wait::Never(errno)),
            };
            let timeout = guest.read_u64(field(24)?)?;
            let is_absolute = guest.read_u16(field(40)?)? & 1 != 0;
            Ok(Wait::Until(id.deadline(timeout, is_absolute, since)))
        }
        tag @ (FD_READ | FD_WRITE) => {
            let fd = guest.read_u32(field(16)?)?;
            Ok(match guest.wasi.bytes_ready(fd, tag == FD_READ) {
                Ok(bytes) => Wait::Ready(bytes),
                Err(errno) => Wait::Never(errno),
            })
        }
        _ => Err(Errno::Inval),
    }
}
