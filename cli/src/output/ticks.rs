//! Ticks and prices per tick, with what they mean to people: dates, times, prices per hour. JSON has the numbers alone.

use muster_client::Ether;

use crate::clock::TickClock;
use crate::output::cell::Cell;

/// A tick, and its date; a tick 0 has not come yet.
pub(crate) fn tick_cell(clock: &TickClock, tick: u64) -> Cell {
    let date = Some(tick).filter(|tick| *tick != 0).and_then(|tick| clock.date(tick));
    Cell::Count(tick).noted(date)
}

/// A number of ticks, and how long they take.
pub(crate) fn length_cell(clock: &TickClock, ticks: u32) -> Cell {
    Cell::count(ticks).noted(clock.time(ticks.into()))
}

/// The price of a tick, and of an hour.
pub(crate) fn price_cell(clock: &TickClock, price: u128) -> Cell {
    let hourly = clock.hourly(price).map(|wei| format!("{} per hour", Ether::from(wei)));
    Cell::wei(price).noted(hourly)
}

/// A tick and its date as a text: `1798135200 (2026-12-24 18:00:00)`.
pub(crate) fn tick_text(clock: &TickClock, tick: u64) -> String {
    tick_cell(clock, tick).to_text()
}

/// A number of ticks, and how long they take, as a text: `240 ticks (4m)`.
pub(crate) fn length_text(clock: &TickClock, ticks: u32) -> String {
    let time = clock.time(ticks.into()).map(|time| format!(" ({time})"));
    format!("{ticks} ticks{}", time.unwrap_or_default())
}
