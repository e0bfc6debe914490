//! A market's clock for people: how long a tick is, and when it was or will be.

use std::num::NonZeroU64;
use std::time::Duration;

use alloy::primitives::U256;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use muster_client::protocol::abi::Clock;
use muster_client::{Head, Market, MarketError, Node};

use super::clock_error::ClockError;
use super::moment::Moment;
use super::span::{Span, time_text};

/// Microseconds of a second.
const SECOND: u64 = 1_000_000;

/// Seconds of an hour.
const HOUR: u64 = 3_600;

/// How many blocks are measured to know how long one takes.
const MEASURED_BLOCKS: u64 = 10_000;

/// Microseconds of a block on Arbitrum's own chains. A chain that measures nearly the same counts as one of them, so that the
/// same time is always the same number of ticks there.
const USUAL_BLOCK: u64 = 250_000;

/// How long a tick is, and when one of them was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TickClock {
    /// Ticks are Unix seconds.
    Seconds,
    /// Ticks are blocks.
    Blocks {
        /// The latest block.
        block: u64,
        /// Its Unix second.
        second: u64,
        /// Microseconds of a block; `None` if the chain has too few to know.
        micros: Option<NonZeroU64>,
    },
}

impl TickClock {
    /// A clock of blocks of which nothing is known.
    pub(crate) const UNKNOWN: Self = Self::Blocks { block: 0, second: 0, micros: None };

    /// The clock of a market.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub(crate) async fn of(market: &Market) -> Result<Self, MarketError> {
        Self::on(market.node(), market.settings().clock).await
    }

    /// The clock of a market on this node's chain whose ticks are these.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub(crate) async fn on(node: &Node, clock: Clock) -> Result<Self, MarketError> {
        if clock == Clock::Second {
            return Ok(Self::Seconds);
        }
        let head = node.head().await?;
        // The first block of some chains has no time.
        let earlier = node.block(head.number.saturating_sub(MEASURED_BLOCKS).max(1)).await?;
        Ok(Self::measured(&head, &earlier.unwrap_or(head)))
    }

    /// A clock of blocks that has taken this long from one block to the other.
    fn measured(head: &Head, earlier: &Head) -> Self {
        let time = head.timestamp.saturating_sub(earlier.timestamp).saturating_mul(SECOND);
        let micros = time.checked_div(head.number.saturating_sub(earlier.number)).unwrap_or(0);
        let is_usual = micros.abs_diff(USUAL_BLOCK) <= USUAL_BLOCK.div_ceil(5);
        let micros = NonZeroU64::new(if is_usual { USUAL_BLOCK } else { micros });
        Self::Blocks { block: head.number, second: head.timestamp, micros }
    }

    /// Microseconds of a tick, if they are known.
    const fn micros(&self) -> Option<u64> {
        match self {
            Self::Seconds => Some(SECOND),
            Self::Blocks { micros: Some(micros), .. } => Some(micros.get()),
            Self::Blocks { micros: None, .. } => None,
        }
    }

    /// Microseconds of a tick.
    ///
    /// # Errors
    /// [`ClockError::UnknownSpeed`]
    pub(crate) fn tick_length(&self) -> Result<u64, ClockError> {
        self.micros().ok_or(ClockError::UnknownSpeed)
    }

    /// The ticks of a time, rounded up.
    fn ticks_in(&self, time: Duration) -> Result<u128, ClockError> {
        let micros = self.tick_length()?;
        Ok(time.as_micros().div_ceil(micros.into()))
    }

    /// The seconds of so many ticks, rounded to the nearest, if they are known.
    fn seconds_in(&self, ticks: u64) -> Option<u64> {
        let micros = u128::from(self.micros()?).checked_mul(ticks.into())?;
        let half = u128::from(SECOND.div_ceil(2));
        u64::try_from(micros.saturating_add(half).checked_div(SECOND.into())?).ok()
    }

    /// The length in ticks; a time is rounded up.
    ///
    /// # Errors
    /// [`ClockError::UnknownSpeed`], [`ClockError::TooLong`].
    pub(crate) fn length(&self, span: Span) -> Result<u32, ClockError> {
        let ticks = match span {
            Span::Plain(ticks) => ticks.into(),
            Span::Time(time) => self.ticks_in(time)?,
        };
        u32::try_from(ticks).map_err(|_| ClockError::TooLong(ticks))
    }

    /// The first tick at or after a moment; `now` is the current one.
    ///
    /// # Errors
    /// [`ClockError::UnknownSpeed`].
    fn tick(&self, moment: Moment, now: u64) -> Result<u64, ClockError> {
        let clamped = |ticks: u128| u64::try_from(ticks).unwrap_or(u64::MAX);
        match moment {
            Moment::Tick(tick) => Ok(tick),
            Moment::After(time) => Ok(now.saturating_add(clamped(self.ticks_in(time)?))),
            Moment::At(time) => {
                let at = u64::try_from(time.as_second()).unwrap_or(0);
                let at = at.saturating_add(u64::from(time.subsec_nanosecond() > 0));
                let Self::Blocks { block, second, .. } = *self else { return Ok(at) };
                let distance = Duration::from_secs(at.abs_diff(second));
                let ticks = clamped(self.ticks_in(distance)?);
                Ok(if at < second {
                    block.saturating_sub(ticks)
                } else {
                    block.saturating_add(ticks)
                })
            }
        }
    }

    /// The Unix second of a tick, if it is known.
    pub(crate) fn second(&self, tick: u64) -> Option<u64> {
        let Self::Blocks { block, second, .. } = *self else { return Some(tick) };
        let distance = self.seconds_in(tick.abs_diff(block))?;
        Some(if tick < block {
            second.saturating_sub(distance)
        } else {
            second.saturating_add(distance)
        })
    }

    /// When a tick is, in local time; with a tilde where that is an estimate.
    pub(crate) fn date(&self, tick: u64) -> Option<String> {
        let date = date(self.second(tick)?)?;
        Some(if *self == Self::Seconds { date } else { format!("~{date}") })
    }

    /// How long so many ticks take; with a tilde where that is an estimate.
    pub(crate) fn time(&self, ticks: u64) -> Option<String> {
        let text = time_text(self.seconds_in(ticks)?);
        Some(if *self == Self::Seconds { text } else { format!("~{text}") })
    }

    /// What an hour costs, in wei, at this price of a tick, rounded down; `None` if it is not known how long a tick is.
    pub(crate) fn hourly(&self, price: u128) -> Option<U256> {
        let hour = U256::from(HOUR.saturating_mul(SECOND));
        U256::from(price).checked_mul(hour)?.checked_div(U256::from(self.micros()?))
    }
}

/// A Unix second in local time: `2026-12-24 18:00:00`.
pub(crate) fn date(second: u64) -> Option<String> {
    let time = Timestamp::from_second(i64::try_from(second).ok()?).ok()?;
    Some(time.to_zoned(TimeZone::system()).strftime("%F %T").to_string())
}

impl Span {
    /// The length in ticks of this market's clock.
    ///
    /// # Errors
    /// [`ClockError`]
    pub(crate) async fn ticks(self, market: &Market) -> Result<u32, ClockError> {
        let clock = match self {
            Self::Plain(_) => TickClock::UNKNOWN,
            Self::Time(_) => TickClock::of(market).await?,
        };
        clock.length(self)
    }

    /// Whether a length of so many ticks is what is meant, which is `ticks` by the market's clock of today. How long blocks
    /// take changes, so a time in blocks is only about the same.
    pub(crate) const fn agrees(self, ticks: u32, actual: u32, clock: Clock) -> bool {
        match (self, clock) {
            (Self::Time(_), Clock::ArbBlock) => ticks.abs_diff(actual) <= actual.div_ceil(10),
            _ => ticks == actual,
        }
    }
}

impl Moment {
    /// The first tick of this market's clock at or after the moment.
    ///
    /// # Errors
    /// [`ClockError`]
    pub(crate) async fn tick(self, market: &Market) -> Result<u64, ClockError> {
        match self {
            Self::Tick(tick) => Ok(tick),
            Self::At(_) => TickClock::of(market).await?.tick(self, 0),
            Self::After(_) => TickClock::of(market).await?.tick(self, market.now().await?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{length, moment};

    /// A block.
    fn block(number: u64, timestamp: u64) -> Head {
        Head { number, timestamp, ..Head::default() }
    }

    /// A chain that made 1,000 blocks in 2,000 seconds.
    fn slow() -> TickClock {
        TickClock::measured(&block(5_000, 1_000_000), &block(4_000, 998_000))
    }

    #[test]
    fn a_time_is_ticks_of_the_markets_clock_rounded_up() {
        let usual = TickClock::measured(&block(5_000, 1_000), &block(1_000, 10));
        for (text, seconds, blocks, slow_blocks) in
            [("240", 240, 240, 240), ("4m", 240, 960, 120), ("1500ms", 2, 6, 1), ("3s", 3, 12, 2)]
        {
            let span = length(text).unwrap();
            let ticks =
                [TickClock::Seconds, usual, slow()].map(|clock| clock.length(span).unwrap());
            assert_eq!(ticks, [seconds, blocks, slow_blocks], "{text}");
        }
        let long = TickClock::Seconds.length(length("200y").unwrap());
        assert!(matches!(long, Err(ClockError::TooLong(6_311_520_000))), "{long:?}");
    }

    #[test]
    fn a_clock_without_blocks_takes_ticks_alone() {
        let young = TickClock::measured(&block(1, 1_000), &block(1, 1_000));
        assert_eq!(young.length(Span::Plain(7)).unwrap(), 7);
        let refused = young.length(length("4m").unwrap());
        assert!(matches!(refused, Err(ClockError::UnknownSpeed)), "{refused:?}");
        assert_eq!((young.date(7), young.time(7), young.hourly(7)), (None, None, None));
    }

    #[test]
    fn a_moment_is_the_first_tick_at_or_after_it() {
        let tick = |clock: TickClock, text| clock.tick(moment(text).unwrap(), 7).unwrap();
        assert_eq!(tick(TickClock::Seconds, "2026-12-24T18:00Z"), 1_798_135_200);
        assert_eq!(tick(TickClock::Seconds, "2m"), 127);
        assert_eq!(tick(slow(), "2m"), 67);
        assert_eq!(tick(slow(), "1970-01-12T13:46:43Z"), 5_002);
        assert_eq!(tick(slow(), "1970-01-12T13:46:36Z"), 4_998);
        assert_eq!(tick(slow(), "9"), 9);
    }

    #[test]
    fn ticks_have_dates_and_prices_have_hours() {
        assert_eq!(TickClock::Seconds.second(1_798_135_200), Some(1_798_135_200));
        assert_eq!([slow().second(5_002), slow().second(4_998)], [Some(1_000_004), Some(999_996)]);
        assert!(slow().date(5_002).unwrap().starts_with("~1970-01-1"));
        assert_eq!(TickClock::Seconds.time(240).unwrap(), "4m");
        assert_eq!(slow().time(120).unwrap(), "~4m");
        assert_eq!(TickClock::Seconds.hourly(7), Some(U256::from(25_200)));
        assert_eq!(slow().hourly(7), Some(U256::from(12_600)));
    }

    #[test]
    fn a_time_in_blocks_agrees_with_about_as_many() {
        let time = Span::Time(Duration::from_secs(250));
        assert!(
            time.agrees(1_000, 1_000, Clock::Second) && !time.agrees(1_000, 999, Clock::Second)
        );
        assert!(time.agrees(1_000, 1_090, Clock::ArbBlock));
        assert!(!time.agrees(1_000, 1_200, Clock::ArbBlock));
        assert!(!Span::Plain(1_000).agrees(1_000, 1_001, Clock::ArbBlock));
    }
}
