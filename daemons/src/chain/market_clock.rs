//! The market's clock for tasks that run beside the steps.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;
use muster_client::Market;
use muster_client::protocol::abi::Clock;
use tokio::sync::watch;
use tokio::time::{Duration, sleep};
use tokio_util::task::AbortOnDropHandle;

use crate::schedule::Moment;

/// The pause between two looks at the time.
const POLL_INTERVAL: Duration = Duration::from_millis(250);

/// How old the latest block may be by which a clock of seconds goes, or one that nobody waits for.
const MAX_AGE: Duration = Duration::from_secs(15);

/// How old it may be on a clock of blocks.
const MAX_BLOCK_AGE: Duration = Duration::from_secs(1);

/// The latest tick that was read from the chain, as far as possible by blocks that others have asked for. While no node
/// answers, the clock soon stands still, so that no worker is probed in an unknown window.
#[derive(Debug)]
pub(crate) struct MarketClock {
    /// The tick.
    tick: watch::Sender<u64>,
    /// How long a tick lasts.
    tick_duration: Duration,
    /// Reads the chain's time.
    _task: AbortOnDropHandle<()>,
}

/// How long a tick of a clock lasts; on a clock of blocks, about.
pub(crate) const fn tick_duration(clock: Clock) -> Duration {
    match clock {
        Clock::Second => Duration::from_secs(1),
        // Arbitrum produces four blocks a second.
        _ => Duration::from_millis(250),
    }
}

/// The date of a tick in UTC; on a clock of blocks an estimate, which says so. `None` if no node answers, or if there is no
/// such date.
pub(crate) async fn date_of_tick(market: &Market, tick: u64) -> Option<Box<str>> {
    let clock = market.settings().clock;
    if clock == Clock::Second {
        return Some(rfc3339(UNIX_EPOCH, Duration::from_secs(tick))?.into());
    }
    let now = market.now_within(MAX_AGE).await.ok()?;
    let left = seconds(tick.saturating_sub(now), tick_duration(clock));
    Some(format!("about {}", rfc3339(SystemTime::now(), Duration::from_secs(left))?).into())
}

/// A date that is so long after another one, to the second; `None` after the year 9999.
fn rfc3339(since: SystemTime, time: Duration) -> Option<String> {
    let mut date = String::new();
    write!(date, "{}", format_rfc3339_seconds(since.checked_add(time)?)).ok()?;
    Some(date)
}

impl MarketClock {
    /// Starts a clock that shows `now`, and follows the market's time until it is dropped.
    pub(crate) fn start(market: Market, now: u64) -> Self {
        let (tick, tick_duration) =
            (watch::Sender::new(now), tick_duration(market.settings().clock));
        let (shown, ticks_are_seconds) = (tick.clone(), market.settings().clock == Clock::Second);
        let task = tokio::spawn(async move {
            loop {
                sleep(POLL_INTERVAL).await;
                let is_exact = ticks_are_seconds || shown.receiver_count() == 0;
                let max_age = if is_exact { MAX_AGE } else { MAX_BLOCK_AGE };
                if let Ok(now) = market.now_within(max_age).await {
                    shown.send_replace(now);
                }
            }
        });
        Self { tick, tick_duration, _task: AbortOnDropHandle::new(task) }
    }

    /// The current tick.
    pub(crate) fn now(&self) -> u64 {
        *self.tick.borrow()
    }

    /// The seconds from now to a tick, about, rounded up; 0 if it is over.
    pub(crate) fn seconds_until(&self, tick: u64) -> u64 {
        seconds(tick.saturating_sub(self.now()), self.tick_duration)
    }

    /// Returns when the clock shows this tick or a later one.
    pub(crate) async fn wait_until(&self, tick: u64) {
        // The channel is open as long as the clock exists.
        drop(self.tick.subscribe().wait_for(|now| *now >= tick).await);
    }

    /// Returns in this moment, or at once if its tick is over.
    pub(crate) async fn wait_for(&self, moment: Moment) {
        self.wait_until(moment.tick).await;
        if self.now() == moment.tick {
            let part = self.tick_duration.saturating_mul(moment.fraction.wrapping_shr(16));
            sleep(part.checked_div(1 << 16).unwrap_or_default()).await;
        }
    }
}

/// How many seconds so many ticks last, rounded up.
fn seconds(ticks: u64, tick_duration: Duration) -> u64 {
    let millis = u128::from(ticks).saturating_mul(tick_duration.as_millis());
    u64::try_from(millis.div_ceil(1_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_blocks_are_a_second() {
        let seconds = |ticks, clock| super::seconds(ticks, tick_duration(clock));
        let blocks = [0, 1, 4, 5, 3_600].map(|ticks| seconds(ticks, Clock::ArbBlock));
        assert_eq!(blocks, [0, 1, 1, 2, 900]);
        assert_eq!(seconds(3_600, Clock::Second), 3_600);
        assert_eq!(seconds(u64::MAX, Clock::Second), u64::MAX);
    }

    #[test]
    fn dates_are_in_utc_and_end_with_the_year_9999() {
        let date = |seconds| rfc3339(UNIX_EPOCH, Duration::from_secs(seconds));
        assert_eq!(date(1_796_256_000).as_deref(), Some("2026-12-03T00:00:00Z"));
        assert_eq!([date(253_402_300_800), date(u64::MAX)], [None, None]);
    }
}
