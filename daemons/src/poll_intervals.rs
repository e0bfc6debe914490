//! How often a daemon looks at the chain: often enough for the times of the market, and no more.

use muster_client::protocol::abi::Settings;
use tokio::time::Duration;

use crate::chain::tick_duration;
use crate::run_loop::Backoff;

/// The shortest pause between two steps.
const SHORTEST: Duration = Duration::from_millis(500);

/// The longest pause between two steps that succeed.
const LONGEST: Duration = Duration::from_secs(5);

/// The longest pause between two steps that fail.
const LONGEST_BACKOFF: Duration = Duration::from_secs(15);

/// How many steps a daemon makes in the shortest time that the market gives it for anything.
const STEPS: u32 = 20;

/// How many steps it makes in that time while they fail.
const FAILED_STEPS: u32 = 8;

/// What another answer tells of is looked at anyway once in so many steps.
const STEPS_OF_FALLBACK: u32 = 5;

/// What is no matter of seconds is looked at once in so many steps.
const STEPS_OF_RARE: u32 = 12;

/// How often a daemon looks at the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollIntervals {
    /// The pause between two steps.
    pub(crate) interval: Duration,
    /// The shortest time that the market gives a daemon for anything.
    shortest: Duration,
}

impl PollIntervals {
    /// That of a market: its daemons accept, report and serve in time.
    pub(crate) fn of_market(settings: &Settings) -> Self {
        let ticks = settings.acceptWindow.min(settings.reportWindow).min(settings.minWindow);
        let shortest = tick_duration(settings.clock).saturating_mul(ticks);
        let interval = shortest.checked_div(STEPS).unwrap_or_default().clamp(SHORTEST, LONGEST);
        Self { interval, shortest }
    }

    /// The pauses between steps.
    pub(crate) fn backoff(self) -> Backoff {
        let max_delay = self.shortest.checked_div(FAILED_STEPS).unwrap_or_default();
        let interval = self.interval;
        Backoff { interval, max_delay: max_delay.min(LONGEST_BACKOFF).max(interval) }
    }

    /// The time between two looks at what another answer tells of, because nodes can contradict each other.
    pub(crate) const fn fallback(self) -> Duration {
        self.interval.saturating_mul(STEPS_OF_FALLBACK)
    }

    /// The time between two looks at what is no matter of seconds.
    pub(crate) const fn rare(self) -> Duration {
        self.interval.saturating_mul(STEPS_OF_RARE)
    }
}

#[cfg(test)]
mod tests {
    use muster_client::protocol::abi::Clock;
    use muster_client::protocol::settings;

    use super::*;

    fn intervals(clock: Clock, ticks: u32) -> PollIntervals {
        let long = Settings { reportWindow: 90_000, minWindow: 90_000, ..settings::dev(clock) };
        PollIntervals::of_market(&Settings { acceptWindow: ticks, ..long })
    }

    #[test]
    fn daemons_look_twenty_times_in_the_shortest_time() {
        let millis = |clock, ticks| intervals(clock, ticks).interval.as_millis();
        let seconds = [3, 20, 60, 300].map(|ticks| millis(Clock::Second, ticks));
        assert_eq!(seconds, [500, 1_000, 3_000, 5_000]);
        assert_eq!(millis(Clock::ArbBlock, 80), 1_000);
        let minute = intervals(Clock::Second, 60);
        assert_eq!((minute.fallback().as_secs(), minute.rare().as_secs()), (15, 36));
    }

    #[test]
    fn no_pause_after_failures_takes_a_deadline() {
        let longest = |ticks| intervals(Clock::Second, ticks).backoff().max_delay.as_millis();
        assert_eq!([3, 60, 300].map(longest), [500, 7_500, 15_000]);
    }
}
