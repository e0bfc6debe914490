//! Asking for the time, and waiting.

use super::{
    call::{Call, Done, nth},
    clock::ClockId,
};
use crate::{fs::Errno, profile::CLOCK_STEP};

/// Writes the resolution of a clock.
pub(super) fn clock_res_get(call: &mut Call<'_>, id: u32, resolution: u32) -> Done {
    ClockId::new(id)?;
    Ok(call.write_u64(resolution, CLOCK_STEP)?)
}

/// Writes what a clock says, after it went on by a step.
pub(super) fn clock_time_get(call: &mut Call<'_>, id: u32, _precision: u64, time: u32) -> Done {
    let id = ClockId::new(id)?;
    call.wasi.clock.step();
    let now = call.wasi.clock.now(id);
    Ok(call.write_u64(time, now)?)
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
    call: &mut Call<'_>,
    subscriptions: u32,
    events: u32,
    count: u32,
    reported: u32,
) -> Done {
    if count == 0 {
        return Err(Errno::Inval.into());
    }
    call.wasi.clock.step();
    let since = call.wasi.clock.elapsed();
    let mut earliest: Option<u64> = None;
    let mut is_ready = false;
    for index in 0..count {
        match wait(call, nth(subscriptions, index, SUBSCRIPTION, 0)?, since)? {
            Wait::Until(deadline) => {
                earliest = Some(earliest.map_or(deadline, |earliest| earliest.min(deadline)));
            }
            Wait::Ready(_) | Wait::Never(_) => is_ready = true,
        }
    }
    if let Some(deadline) = earliest.filter(|_| !is_ready) {
        call.wasi.clock.jump(deadline);
    }
    let mut written: u32 = 0;
    for index in 0..count {
        let at = nth(subscriptions, index, SUBSCRIPTION, 0)?;
        let (errno, bytes) = match wait(call, at, since)? {
            Wait::Until(deadline) if call.wasi.clock.has_passed(deadline) => (0, 0),
            Wait::Until(_) => continue,
            Wait::Ready(bytes) => (0, bytes),
            Wait::Never(errno) => (errno.number(), 0),
        };
        let (user, tag) = (call.read_u64(at)?, call.read_u8(nth(at, 0, 0, 8)?)?);
        let mut event = Vec::with_capacity(32);
        event.extend(user.to_le_bytes());
        event.extend(errno.to_le_bytes());
        event.extend([tag, 0, 0, 0, 0, 0]);
        event.extend(bytes.to_le_bytes());
        event.extend([0; 8]);
        call.write(nth(events, written, EVENT, 0)?, &event)?;
        written = written.saturating_add(1);
    }
    Ok(call.write_u32(reported, written)?)
}

/// Reads a subscription of a poll that began at `since`.
fn wait(call: &Call<'_>, at: u32, since: u64) -> Result<Wait, Errno> {
    let field = |offset| nth(at, 0, 0, offset);
    match call.read_u8(field(8)?)? {
        CLOCK => {
            let id = match ClockId::new(call.read_u32(field(16)?)?) {
                Ok(id) => id,
                Err(errno) => return Ok(Wait::Never(errno)),
            };
            let timeout = call.read_u64(field(24)?)?;
            let is_absolute = call.read_u16(field(40)?)? & 1 != 0;
            Ok(Wait::Until(id.deadline(timeout, is_absolute, since)))
        }
        tag @ (FD_READ | FD_WRITE) => {
            let fd = call.read_u32(field(16)?)?;
            Ok(match call.wasi.bytes_ready(fd, tag == FD_READ) {
                Ok(bytes) => Wait::Ready(bytes),
                Err(errno) => Wait::Never(errno),
            })
        }
        _ => Err(Errno::Inval),
    }
}
