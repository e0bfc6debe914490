//! The health of a daemon, shared between its loop and whoever asks.

use std::fmt::{self, Display, Formatter};
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use humantime::{format_duration, format_rfc3339_seconds};
use tokio::time::{Duration, Instant};

use super::next_event::NextEvent;

/// A daemon is unhealthy after so long without a successful step.
const UNHEALTHY_AFTER: Duration = Duration::from_mins(1);

/// How the last step of a daemon went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// No step has ended yet.
    Starting,
    /// The last step succeeded; the daemon waits for this.
    Running(NextEvent),
    /// The last step succeeded, but the daemon does not do its work, for this reason.
    Unfit(Box<str>),
    /// The last step failed with this error; the daemon retries.
    Failing(Box<str>),
    /// The daemon shuts down.
    Stopping,
}

impl Display for Health {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starting"),
            Self::Running(next_event) => next_event.fmt(f),
            Self::Unfit(problem) => write!(f, "unfit: {problem}"),
            Self::Failing(error) => write!(f, "failing: {error}"),
            Self::Stopping => f.write_str("stopping"),
        }
    }
}

/// Holds the health of a daemon. Clones share it.
#[derive(Clone, Debug)]
pub struct HealthReporter {
    /// The latest health, and when what happened.
    state: Arc<Mutex<ReporterState>>,
}

/// See [`HealthReporter`].
#[derive(Debug)]
struct ReporterState {
    /// The latest health.
    health: Health,
    /// When the daemon began to start, run, fail or stop.
    since: Moment,
    /// The end of the last successful step; before the first, the start.
    last_success: Moment,
}

/// A moment by both clocks: durations come from the monotonic one, dates from the machine's.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// By the monotonic clock.
    instant: Instant,
    /// By the machine's clock.
    date: SystemTime,
}

impl Moment {
    /// This moment.
    fn now() -> Self {
        Self { instant: Instant::now(), date: SystemTime::now() }
    }
}

impl Display for Moment {
    /// The date in UTC, and how long ago that was, in whole seconds.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let elapsed = Duration::from_secs(self.instant.elapsed().as_secs());
        write!(f, "{} ({} ago)", format_rfc3339_seconds(self.date), format_duration(elapsed))
    }
}

impl Default for HealthReporter {
    fn default() -> Self {
        let now = Moment::now();
        let state = ReporterState { health: Health::Starting, since: now, last_success: now };
        Self { state: Arc::new(Mutex::new(state)) }
    }
}

impl HealthReporter {
    /// The latest health.
    #[must_use]
    pub fn health(&self) -> Health {
        self.lock().health.clone()
    }

    /// Whether a step has succeeded, or the daemon has started, within the last minute, and it does its work.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.lock().is_healthy()
    }

    /// The health as `/health` says it, for an operator: what the daemon waits for; or what is wrong, since when, and
    /// what to do.
    #[must_use]
    pub fn report(&self) -> String {
        let state = self.lock();
        match &state.health {
            Health::Running(next_event) if state.is_healthy() => next_event.to_string(),
            Health::Running(next_event) => format!(
                "stalled since {}: the current step does not end; before it, the daemon said: {next_event}. \
                 Check that the nodes answer and that the disk has space, then restart the daemon",
                state.last_success
            ),
            Health::Unfit(problem) => format!("unfit since {}: {problem}", state.since),
            Health::Failing(error) => {
                format!("failing since {}: {error}. The daemon retries by itself", state.since)
            }
            Health::Starting | Health::Stopping => {
                format!("{} since {}", state.health, state.since)
            }
        }
    }

    /// Records the health after a step. A change is logged once.
    pub(crate) fn set(&self, health: Health) {
        let mut state = self.lock();
        let now = Moment::now();
        if matches!(health, Health::Running(_) | Health::Unfit(_)) {
            state.last_success = now;
        }
        if discriminant(&state.health) != discriminant(&health) {
            state.since = now;
        }
        if state.health != health {
            match &health {
                Health::Failing(error) => tracing::warn!(%error, "step failed; retrying"),
                health => tracing::info!(%health, "health changed"),
            }
            state.health = health;
        }
    }

    /// The state. A panic elsewhere cannot leave it half written.
    fn lock(&self) -> MutexGuard<'_, ReporterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReporterState {
    /// See [`HealthReporter::is_healthy`].
    fn is_healthy(&self) -> bool {
        let is_fit = !matches!(self.health, Health::Unfit(_));
        is_fit && self.last_success.instant.elapsed() < UNHEALTHY_AFTER
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn running() -> Health {
        Health::Running(NextEvent::untimed("work"))
    }

    #[tokio::test(start_paused = true)]
    async fn daemon_is_unhealthy_after_a_minute_without_a_successful_step() {
        let reporter = HealthReporter::default();
        reporter.set(running());
        advance(Duration::from_secs(59)).await;
        reporter.set(Health::Failing("no node answers".into()));
        assert!(reporter.is_healthy());
        advance(Duration::from_secs(1)).await;
        assert!(!reporter.is_healthy());
        reporter.set(running());
        assert!(reporter.is_healthy());
        reporter.set(Health::Unfit("the service is away".into()));
        assert!(!reporter.is_healthy());
        let report = reporter.report();
        assert!(report.starts_with("unfit since 20"), "{report}");
        assert!(report.ends_with("(0s ago): the service is away"), "{report}");
    }

    #[tokio::test(start_paused = true)]
    async fn report_says_what_is_wrong_since_when_and_what_to_do() {
        let reporter = HealthReporter::default();
        assert!(reporter.report().starts_with("starting since 20"));
        reporter.set(running());
        assert_eq!(reporter.report(), "waits for work");

        advance(Duration::from_secs(61)).await;
        let report = reporter.report();
        assert!(report.starts_with("stalled since 20"), "{report}");
        assert!(
            report.contains("Z (1m 1s ago): ") && report.ends_with("restart the daemon"),
            "{report}"
        );

        reporter.set(Health::Failing("no node answers".into()));
        advance(Duration::from_secs(5)).await;
        reporter.set(Health::Failing("the disk is full".into()));
        let report = reporter.report();
        assert!(report.starts_with("failing since 20"), "{report}");
        let end = "Z (5s ago): the disk is full. The daemon retries by itself";
        assert!(report.ends_with(end), "{report}");
    }
}
