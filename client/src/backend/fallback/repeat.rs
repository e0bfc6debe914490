//! Requests that nodes refuse because they were asked too often: they are made again.

use std::future::Future;

use tokio::time::{Duration, Instant};

use super::endpoint::RequestKind;
use crate::error::BackendError;

/// Whether the answer is that the node was asked too often.
pub(super) fn is_refused<T>(kind: RequestKind, answer: &Result<T, BackendError>) -> bool {
    answer.as_ref().is_err_and(kind.is_rate_limit)
}

/// Makes a request until it is not refused any more, for so long at most after the first refusal. The request itself waits
/// until a node takes it.
pub(super) async fn repeat_refused<T, F: Future<Output = T>>(
    request: impl Fn() -> F,
    is_refused: impl Fn(&T) -> bool,
    longest: Duration,
) -> T {
    let mut refused_since = None;
    loop {
        let answer = request().await;
        if !is_refused(&answer) {
            return answer;
        }
        if refused_since.get_or_insert_with(Instant::now).elapsed() >= longest {
            return answer;
        }
    }
}
