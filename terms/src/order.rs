//! What an order may ask for. Whether workers and testers are there is the dispatcher's to know.

use alloy_primitives::{FixedBytes, U256};

use crate::abi::{Order, Reason, Settings};
use crate::{MAX_REDUNDANCY, MAX_SEATS, MAX_TESTERS, MAX_WINDOWS, TESTER};

/// An order whose numbers are in their ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Workers, 1 to 8.
    pub redundancy: u8,
    /// Ticks.
    pub length: u32,
    /// Windows, 1 to 21.
    pub windows: u8,
    /// Testers of each window: 0, or odd from 3 to 15.
    pub testers: u8,
    /// Ticks of one window, rounded down.
    pub quantum: u32,
}

/// The order behind `buyContract(redundancy, length)`: application 0, promised uptime of 9 000 or
/// more, three testers and up to four windows; neither where fewer than `minPool` testers are listed.
#[must_use]
pub fn usual(redundancy: U256, length: U256, settings: &Settings, testers_listed: u32) -> Order {
    let tested = testers_listed >= settings.minPool;
    let windows =
        u32::try_from(length).ok().and_then(|ticks| ticks.checked_div(settings.minWindow));
    let windows = windows.map_or(1, |fit| u8::try_from(fit.clamp(1, 4)).unwrap_or(1));
    Order {
        application: FixedBytes::ZERO,
        redundancy,
        length,
        windows: if tested { windows } else { 1 },
        testers: if tested { 3 } else { 0 },
        minScore: 0,
        minUptime: 9_000,
        expiry: 0,
        start: 0,
    }
}

/// Checks the numbers of an order at tick `now`.
///
/// # Errors
/// The first [`Reason`] that applies, in the order of that enum.
pub fn check(order: &Order, settings: &Settings, now: u64) -> Result<Shape, Reason> {
    let redundancy = u8::try_from(order.redundancy)
        .ok()
        .filter(|count| (1..=MAX_REDUNDANCY).contains(&usize::from(*count)))
        .ok_or(Reason::Redundancy)?;
    let length = u32::try_from(order.length)
        .ok()
        .filter(|ticks| *ticks >= settings.minLength)
        .ok_or(Reason::Length)?;
    let quantum = length
        .checked_div(order.windows.into())
        .filter(|ticks| order.windows <= MAX_WINDOWS && *ticks >= settings.minWindow)
        .ok_or(Reason::Windows)?;
    if !testers_fit(order.windows, order.testers) {
        return Err(Reason::Testers);
    }
    if order.application.0 == TESTER {
        return Err(Reason::NotForSale);
    }
    if order.expiry != 0 && now > order.expiry {
        return Err(Reason::Expired);
    }
    Ok(Shape { redundancy, length, windows: order.windows, testers: order.testers, quantum })
}

/// Whether an agreement may have these windows with so many testers each.
fn testers_fit(windows: u8, testers: u8) -> bool {
    if testers == 0 {
        return windows == 1;
    }
    let seats = usize::from(windows).saturating_mul(testers.into());
    (3..=MAX_TESTERS).contains(&testers) && testers & 1 == 1 && seats <= MAX_SEATS
}
