//! Keeps the endpoints of workers up to date, and probes each worker once in every window.
//!
//! It does so as a tester with a pass does: under a fresh key for each window, which the client delegates, at a random
//! time, in one session. So workers cannot tell the client from a tester.

use std::ops::Range;
use std::sync::Arc;

use backon::{BackoffBuilder, ExponentialBuilder};
use muster_client::Progress;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep};

use super::probe_context::ProbeContext;
use crate::error::DaemonError;
use crate::request_client::RequestClient;

/// The longest pause before a worker is asked again.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// The pauses before a worker is asked again: from a second on, each twice the one before.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_secs(1))
    .with_max_delay(MAX_BACKOFF)
    .without_max_times();

/// Refreshes the endpoints of an agreement's workers.
#[derive(Debug)]
pub(super) struct EndpointRefresh {
    /// What it takes to ask and probe workers.
    probe_context: Arc<ProbeContext>,
    /// The window, and the bitmap of workers that have accepted, that the tasks are for.
    current: Option<(u8, u8)>,
    /// A task for each worker.
    tasks: JoinSet<()>,
}

impl EndpointRefresh {
    /// Starts no task yet.
    pub(super) fn new(probe_context: Arc<ProbeContext>) -> Self {
        Self { probe_context, current: None, tasks: JoinSet::new() }
    }

    /// Starts a task for each serving worker, and ends the old ones, when the window or the set of workers has changed.
    pub(super) async fn step(&mut self) -> Result<(), DaemonError> {
        let agreement = self.probe_context.endpoints.agreement.clone();
        let progress = agreement.progress().await?;
        let now = agreement.market().now().await?;
        let window = agreement.window_at(&progress, now);
        let current = window.map(|window| (window, progress.accepted));
        if current == self.current {
            return Ok(());
        }
        self.tasks.abort_all();
        self.tasks = JoinSet::new();
        if let Some(window) = window {
            let windows = agreement.windows(&progress);
            let ticks = windows.into_iter().find_map(|(k, ticks)| (k == window).then_some(ticks));
            let request_client = Arc::new(self.probe_context.request_client(window).await?);
            for index in serving_workers(&progress, window) {
                let (probe_context, request_client) =
                    (self.probe_context.clone(), request_client.clone());
                let ticks = ticks.clone().unwrap_or_default();
                self.tasks.spawn(async move {
                    refresh_endpoint(&probe_context, &request_client, index, window, ticks).await;
                });
            }
        }
        self.current = current;
        Ok(())
    }
}

/// The indices of the workers that serve in a window.
pub(super) fn serving_workers(progress: &Progress, window: u8) -> impl Iterator<Item = u8> {
    (0..u8::MAX)
        .filter(move |index| progress.has_accepted(*index) && progress.judged(*index) > window)
}

/// Keeps one worker's endpoint up to date through a window, and probes the worker at a random time, and again until a
/// receipt covers the window.
async fn refresh_endpoint(
    probe_context: &ProbeContext,
    request_client: &RequestClient,
    index: u8,
    window: u8,
    ticks: Range<u64>,
) {
    let (clock, endpoints) = (&probe_context.clock, &probe_context.endpoints);
    let part = |parts: u64| {
        let length = ticks.end.saturating_sub(ticks.start);
        length.checked_div(parts).unwrap_or_default().max(1)
    };
    let spread = ticks.end.saturating_sub(part(8)).saturating_sub(clock.now()).max(1);
    let mut probe_at = clock.now().saturating_add(rand::random_range(0..spread));
    let mut removals = endpoints.subscribe_removals();
    let (mut last_request, mut delays) = (None::<Instant>, BACKOFF.build());
    loop {
        if last_request.is_none() || endpoints.get(index).is_none() {
            if let Some(last_request) = last_request {
                if last_request.elapsed() > MAX_BACKOFF {
                    // The endpoint worked for a while.
                    delays = BACKOFF.build();
                }
                sleep(delays.next().unwrap_or(MAX_BACKOFF)).await;
            }
            last_request = Some(Instant::now());
            if let Some((url, token)) = probe_context.request_endpoint(request_client, index).await
                && let Err(error) = endpoints.insert(index, &url, &token)
            {
                let agreement = endpoints.agreement.address();
                tracing::error!(%agreement, worker = index, %error, "endpoint not stored");
            }
            continue;
        }
        select! {
            _ = removals.changed() => {}
            () = clock.wait_until(probe_at), if !endpoints.covers(index, window) => {
                probe_context.probe(index).await;
                probe_at = clock.now().saturating_add(part(16));
            }
        }
    }
}
