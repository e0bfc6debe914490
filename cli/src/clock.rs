//! Time on the command line and in results: ticks of a market's clock, and what people say instead.

mod moment;
mod span;
mod tick_clock;

pub(crate) use self::moment::{Moment, moment};
pub(crate) use self::span::{Span, length, milliseconds, seconds, seconds_within};
pub(crate) use self::tick_clock::{ClockError, TickClock, date};
