//! Time on the command line and in results: ticks of a market's clock, and what people say instead.

mod agreement_length;
mod clock_error;
mod moment;
mod month;
mod span;
mod tick_clock;

pub(crate) use self::agreement_length::agreement_length;
pub(crate) use self::clock_error::ClockError;
pub(crate) use self::moment::{Moment, moment};
pub(crate) use self::month::Month;
pub(crate) use self::span::{Span, length, milliseconds, seconds, seconds_within, tick_length};
pub(crate) use self::tick_clock::{TickClock, date};
