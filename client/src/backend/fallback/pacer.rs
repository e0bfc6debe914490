//! The pace of requests to one node: as fast as the caller wants, until the node says that there were too many; from then on
//! as fast as the node has shown to allow.
//!
//! After a refusal the node gets no request for the pause that it names, or one that grows with each refusal. From then on
//! there is a space between requests, which begins with that of the requests before the refusal, grows with every further
//! refusal and shrinks slowly with answers, as the congestion window of TCP does.

use std::collections::VecDeque;
use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{Duration, Instant, sleep_until};

use crate::backend::urgency::is_urgent;

/// The first pause after a refusal, if the node names none. Each one is twice as long as the one before, and up to as much
/// again at random, so that programs which were refused together do not come back together.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause of that kind.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// The time in which requests are counted.
const COUNTED: Duration = Duration::from_secs(1);

/// A shorter space between requests is none.
const SHORTEST_SPACE: Duration = Duration::from_millis(20);

/// The longest space after the first refusal: no node that is sold allows fewer requests, unless others use it as well.
const LONGEST_FIRST_SPACE: Duration = Duration::from_millis(250);

/// The longest space between requests.
const LONGEST_SPACE: Duration = Duration::from_secs(2);

/// After so many answers in a row, the space gets shorter by an eighth.
const ANSWERS_TO_SHRINK: u32 = 16;

/// A longer pause than this is not believed.
const LONGEST_NAMED_PAUSE: Duration = Duration::from_hours(1);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    /// What is known of the node.
    state: Mutex<PacerState>,
    /// Held by the first of those that wait for their turn.
    turn: tokio::sync::Mutex<()>,
    /// The same for what is urgent.
    urgent_turn: tokio::sync::Mutex<()>,
    /// How many urgent requests wait.
    urgent: AtomicUsize,
}

/// See [`Pacer`].
struct PacerState {
    /// No request is made before.
    free_at: Instant,
    /// The space between two requests.
    space: Duration,
    /// When the requests of the last second were made.
    recent: VecDeque<Instant>,
    /// Answers since the space changed.
    answers: u32,
    /// When a refusal last made the space longer.
    adapted_at: Option<Instant>,
    /// The pauses after refusals that follow each other.
    pauses: ExponentialBackoff,
}

impl Default for PacerState {
    fn default() -> Self {
        Self {
            free_at: Instant::now(),
            space: Duration::ZERO,
            recent: VecDeque::new(),
            answers: 0,
            adapted_at: None,
            pauses: pauses(),
        }
    }
}

impl Debug for PacerState {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacerState").field("space", &self.space).finish_non_exhaustive()
    }
}

/// The pauses after refusals that follow each other.
fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_jitter()
        .without_max_times()
        .build()
}

impl Pacer {
    /// Waits until the node takes one more request, and counts it. What is [urgent](crate::urgent) comes first; otherwise
    /// those that wait longest do. Returns when the request is made.
    pub(super) async fn admit(&self) -> Instant {
        let is_urgent = is_urgent();
        let _waiting = is_urgent.then(|| Waiting::new(&self.urgent));
        let _turn = if is_urgent { self.urgent_turn.lock().await } else { self.turn.lock().await };
        loop {
            let now = Instant::now();
            let free_at = {
                let mut state = self.state();
                let is_next = is_urgent || self.urgent.load(Ordering::Relaxed) == 0;
                if state.free_at <= now && is_next {
                    state.take(now);
                    return now;
                }
                state.free_at.max(now.checked_add(SHORTEST_SPACE).unwrap_or(now))
            };
            sleep_until(free_at).await;
        }
    }

    /// How long the next request has to wait at least.
    pub(super) fn wait(&self) -> Duration {
        self.state().free_at.saturating_duration_since(Instant::now())
    }

    /// Records that the node answered.
    pub(super) fn record_answer(&self) {
        self.state().record_answer();
    }

    /// Records that the node refused a request made at `made`, and the pause that it asks for.
    pub(super) fn record_refusal(&self, made: Instant, retry_after: Option<Duration>) {
        self.state().record_refusal(made, retry_after, Instant::now());
    }

    /// What is known of the node.
    fn state(&self) -> MutexGuard<'_, PacerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PacerState {
    /// Counts a request that is made now.
    fn take(&mut self, now: Instant) {
        self.free_at = after(now, self.space);
        self.recent.retain(|made| now.saturating_duration_since(*made) < COUNTED);
        self.recent.push_back(now);
    }

    /// See [`Pacer::record_answer`].
    fn record_answer(&mut self) {
        self.answers = self.answers.saturating_add(1);
        self.pauses = pauses();
        if self.answers < ANSWERS_TO_SHRINK || self.space.is_zero() {
            return;
        }
        self.answers = 0;
        self.space = self.space.saturating_sub(part(self.space, 8));
        if self.space < SHORTEST_SPACE {
            self.space = Duration::ZERO;
        }
    }

    /// See [`Pacer::record_refusal`].
    fn record_refusal(&mut self, made: Instant, retry_after: Option<Duration>, now: Instant) {
        // Requests that were under way together are refused for one and the same reason.
        if self.adapted_at.is_none_or(|adapted| made >= adapted) {
            self.space = if self.space.is_zero() {
                let made = self.recent.len().saturating_sub(1).max(1);
                part(COUNTED, u32::try_from(made).unwrap_or(u32::MAX)).min(LONGEST_FIRST_SPACE)
            } else {
                self.space.saturating_add(part(self.space, 4))
            };
            self.space = self.space.clamp(SHORTEST_SPACE, LONGEST_SPACE);
            (self.answers, self.adapted_at) = (0, Some(now));
            let pause = self.pauses.next().filter(|_| retry_after.is_none());
            self.free_at = self.free_at.max(after(now, pause.unwrap_or_default()));
        }
        if let Some(pause) = retry_after {
            self.free_at = self.free_at.max(after(now, pause.min(LONGEST_NAMED_PAUSE)));
        }
    }
}

/// A part of a duration.
fn part(duration: Duration, parts: u32) -> Duration {
    duration.checked_div(parts).unwrap_or(duration)
}

/// A moment so long after another.
fn after(moment: Instant, pause: Duration) -> Instant {
    moment.checked_add(pause).unwrap_or(moment)
}

/// One of those that wait, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// One more.
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
