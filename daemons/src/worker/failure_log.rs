//! What the worker says about requests that it answers without success: testers may be among those who asked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::{Duration, Instant};

/// The time between two warnings, so that the log does not flood.
const WARN_INTERVAL: Duration = Duration::from_mins(1);

/// Kinds of failures that are told apart between two warnings.
const MAX_KINDS: usize = 64;

/// The most characters of a path in the log.
const MAX_PATH: usize = 128;

/// Counts requests between two warnings.
#[derive(Debug)]
pub(super) struct FailureLog {
    /// The lowest status that counts as a failure.
    first_failure: u16,
    /// What was counted.
    counts: Mutex<FailureCounts>,
}

/// See [`FailureLog`].
#[derive(Debug, Default)]
struct FailureCounts {
    /// Requests since the last warning.
    requests: u64,
    /// Those without success, by method, path and status.
    failures: HashMap<(String, String, u16), u64>,
    /// When a warning was logged last.
    warned: Option<Instant>,
}

/// What a warning says.
#[derive(Debug, PartialEq, Eq)]
struct Warning {
    /// Requests since the last warning.
    requests: u64,
    /// How many of them had no success.
    failed: u64,
    /// What failed most often: its method, its path and its status.
    most: (String, String, u16),
}

impl FailureLog {
    /// Of the requests to a service of an application, or to the worker's own job API. There a status of 4xx is a part of the
    /// conversation, such as the list of the blobs that are missing.
    pub(super) fn new(has_job_api: bool) -> Self {
        let first_failure = if has_job_api { 500 } else { 400 };
        Self { first_failure, counts: Mutex::default() }
    }

    /// Counts a request, and warns if it is time.
    pub(super) fn count(&self, method: &str, path: &str, status: u16) {
        if let Some(Warning { requests, failed, most: (method, path, status) }) =
            self.warning(method, path, status)
        {
            tracing::warn!(
                method,
                path,
                status,
                failed,
                requests,
                "requests are not answered with success; testers that asked for this report a failure. See the service, and what \
                 testers of the application ask for"
            );
        }
    }

    /// Counts a request; the warning that is to be logged, if there is one.
    fn warning(&self, method: &str, path: &str, status: u16) -> Option<Warning> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.requests = counts.requests.saturating_add(1);
        if status < self.first_failure {
            return None;
        }
        metrics::counter!("muster_worker_failed_requests_total", "status" => status.to_string())
            .increment(1);
        let kind = (method.to_owned(), path.chars().take(MAX_PATH).collect(), status);
        if counts.failures.len() < MAX_KINDS || counts.failures.contains_key(&kind) {
            let count = counts.failures.entry(kind).or_default();
            *count = count.saturating_add(1);
        }
        if counts.warned.is_some_and(|warned| warned.elapsed() < WARN_INTERVAL) {
            return None;
        }
        let failed = counts.failures.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        let most = counts.failures.iter().max_by_key(|(_, count)| **count)?;
        let warning = Warning { requests: counts.requests, failed, most: most.0.clone() };
        *counts = FailureCounts { warned: Some(Instant::now()), ..FailureCounts::default() };
        Some(warning)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_first_failure_is_told_at_once_and_later_ones_together_once_a_minute() {
        let log = FailureLog::new(false);
        let most = |path: &str, status| ("GET".to_owned(), path.to_owned(), status);
        assert_eq!(log.warning("GET", "/", 200), None);
        let first = Warning { requests: 2, failed: 1, most: most("/health", 404) };
        assert_eq!(log.warning("GET", "/health", 404), Some(first));
        for _ in 0..1_000 {
            assert_eq!(log.warning("GET", "/health", 404), None);
            assert_eq!(log.warning("GET", "/", 200), None);
        }
        assert_eq!(log.warning("GET", "/", 502), None);
        advance(WARN_INTERVAL).await;
        let later = Warning { requests: 2_002, failed: 1_002, most: most("/health", 404) };
        assert_eq!(log.warning("GET", "/", 502), Some(later));
    }

    #[tokio::test(start_paused = true)]
    async fn missing_blobs_are_no_failure_of_a_job_api() {
        let log = FailureLog::new(true);
        assert_eq!(log.warning("POST", "/jobs", 409), None);
        let most = ("POST".to_owned(), "/jobs".to_owned(), 503);
        let warning = Warning { requests: 2, failed: 1, most };
        assert_eq!(log.warning("POST", "/jobs", 503), Some(warning));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_is_bounded() {
        let log = FailureLog::new(false);
        log.warning("GET", "/", 404);
        for number in 0..1_000 {
            log.warning("GET", &format!("/{number}{}", "x".repeat(1_000)), 404);
        }
        let counts = log.counts.lock().unwrap();
        assert_eq!(counts.failures.len(), MAX_KINDS);
        assert!(counts.failures.keys().all(|(_, path, _)| path.len() <= MAX_PATH));
    }
}
