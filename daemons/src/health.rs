//! How a daemon is, for people and for monitors: what it waits for, and its numbers.

use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio::time::{Duration, Instant};

use crate::error::DaemonError;

/// After so long without a whole step, a daemon counts as not well.
const UNHEALTHY_AFTER: Duration = Duration::from_mins(1);

/// What a daemon waits for, in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextEvent {
    /// What must come, as a part of a sentence behind "waits for".
    pub description: Box<str>,
    /// The tick of the market's clock in which it comes, if that is known.
    pub tick: Option<u64>,
}

impl NextEvent {
    /// Waits for something that may come at any time.
    #[must_use]
    pub fn untimed(what: impl Display) -> Self {
        Self { description: what.to_string().into(), tick: None }
    }

    /// Waits for a tick.
    #[must_use]
    pub fn at_tick(tick: u64, what: impl Display) -> Self {
        Self { description: what.to_string().into(), tick: Some(tick) }
    }

    /// Whichever of both comes first; what may come at any time comes last.
    #[must_use]
    pub fn earlier(self, other: Self) -> Self {
        match (self.tick, other.tick) {
            (None, Some(_)) => other,
            (Some(ours), Some(theirs)) if theirs < ours => other,
            _ => self,
        }
    }

    /// Whichever of both comes first, if there is any.
    pub(crate) fn earliest(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.earlier(other)),
            (one, other) => one.or(other),
        }
    }
}

impl Display for NextEvent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.tick {
            Some(tick) => write!(f, "waits for {} (tick {tick})", self.description),
            None => write!(f, "waits for {}", self.description),
        }
    }
}

/// How a daemon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It has not made a step yet.
    Starting,
    /// Its last step was whole.
    Running(NextEvent),
    /// Its last step failed, and why; it tries again.
    Failing(Box<str>),
    /// It ends.
    Stopping,
}

impl Display for Health {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Starting => f.write_str("starts"),
            Self::Running(next_event) => next_event.fmt(f),
            Self::Failing(why) => write!(f, "tries again: {why}"),
            Self::Stopping => f.write_str("stops"),
        }
    }
}

/// The condition of a daemon, shared with whoever asks for it.
#[derive(Clone, Debug)]
pub struct HealthReporter {
    /// Its condition, and when its last whole step was.
    inner: Arc<Mutex<(Health, Instant)>>,
}

impl Default for HealthReporter {
    fn default() -> Self {
        Self { inner: Arc::new(Mutex::new((Health::Starting, Instant::now()))) }
    }
}

impl HealthReporter {
    /// How it is now.
    #[must_use]
    pub fn health(&self) -> Health {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    /// Whether a step succeeded within the last minute.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).1.elapsed() < UNHEALTHY_AFTER
    }

    /// Takes note of a condition; a change of it is said once.
    pub(crate) fn set(&self, health: Health) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(health, Health::Running(_)) {
            inner.1 = Instant::now();
        }
        if inner.0 != health {
            match &health {
                Health::Failing(why) => tracing::warn!("tries again: {why}"),
                other => tracing::info!("{other}"),
            }
            inner.0 = health;
        }
    }

    /// Serves `/health` (200 while it is well, else 503; what it waits for in the body) and `/metrics`
    /// (Prometheus' text format) until the task is dropped. Returns the address it listens on.
    ///
    /// # Errors
    /// [`DaemonError::Listen`].
    pub async fn serve(
        &self,
        listen: SocketAddr,
        metrics: PrometheusHandle,
    ) -> Result<String, DaemonError> {
        let failed = |source| DaemonError::Listen { address: listen.to_string().into(), source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        let app = Router::new()
            .route("/health", get(get_health))
            .route("/metrics", get(async move || metrics.render()))
            .with_state(self.clone());
        // It ends with the process; accepting connections does not fail for good.
        tokio::spawn(async move { drop(axum::serve(listener, app).await) });
        Ok(address)
    }
}

/// Wei in ether, as monitors take numbers: to about sixteen digits.
pub(crate) fn wei_to_ether(wei: impl Display) -> f64 {
    format!("{wei}e-18").parse().unwrap_or(f64::NAN)
}

/// What is said to whoever asks how it is.
async fn get_health(State(reporter): State<HealthReporter>) -> (StatusCode, String) {
    let code = if reporter.is_healthy() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, format!("{}\n", reporter.health()))
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[test]
    fn earlier_event_wins() {
        let any = || NextEvent::untimed("a letter");
        let (soon, late) =
            (|| NextEvent::at_tick(5, "the start"), || NextEvent::at_tick(9, "the end"));
        for (one, other, first) in [
            (soon(), late(), soon()),
            (late(), soon(), soon()),
            (any(), late(), late()),
            (late(), any(), late()),
            (any(), any(), any()),
        ] {
            assert_eq!(one.earlier(other), first);
        }
        assert_eq!(soon().to_string(), "waits for the start (tick 5)");
        assert_eq!(any().to_string(), "waits for a letter");
    }

    #[tokio::test(start_paused = true)]
    async fn daemon_is_unhealthy_after_a_minute_without_a_successful_step() {
        let status = HealthReporter::default();
        status.set(Health::Running(NextEvent::untimed("work")));
        advance(Duration::from_secs(59)).await;
        status.set(Health::Failing("no node answers".into()));
        assert!(status.is_healthy());
        advance(Duration::from_secs(1)).await;
        let said = get_health(State(status.clone())).await;
        let why = "tries again: no node answers\n".to_owned();
        assert_eq!(said, (StatusCode::SERVICE_UNAVAILABLE, why));
        status.set(Health::Running(NextEvent::untimed("work")));
        assert!(status.is_healthy());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the nearest number is the one that is meant")]
    fn wei_are_converted_to_ether() {
        assert_eq!(wei_to_ether(1_500_000_000_000_000_000_u128), 1.5);
        assert_eq!(wei_to_ether(0), 0.0);
    }
}
