//! Requests of which nodes say that there were too many: they are made again later.

use std::future::Future;

use backon::{ExponentialBuilder, Retryable};
use tokio::time::Duration;

use crate::error::BackendError;

/// The first pause; each one is twice as long as the one before, and up to as much again at random, so that requests which
/// were refused together do not come back together.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(4);

/// How often a request is repeated: for about half a minute.
const REPETITIONS: usize = 8;

/// Makes a request until no node says any more that it was asked too often.
///
/// # Errors
/// That of the last request.
pub(super) async fn repeat_later<T, F: Future<Output = Result<T, BackendError>>>(
    request: impl FnMut() -> F,
) -> Result<T, BackendError> {
    let pauses = ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(REPETITIONS)
        .with_jitter();
    request.retry(pauses).when(BackendError::is_rate_limit).await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::time::Instant;

    use super::*;
    use crate::error::NodeError;

    fn refusal(code: i64, message: &str) -> BackendError {
        BackendError::Node(NodeError::Rpc { code, message: message.into() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_comes_too_early_is_made_again_later() {
        for (code, message) in [
            (429, "slow down"),
            (-32_005, "project ID request rate exceeded"),
            (-32_029, "busy"),
            (-32_007, "50/second request limit reached"),
        ] {
            let made = Cell::new(0_u32);
            let answer = repeat_later(|| async {
                made.set(made.get().saturating_add(1));
                if made.get() < 4 { Err(refusal(code, message)) } else { Ok(7) }
            });
            assert_eq!((answer.await.unwrap(), made.get()), (7, 4), "{message}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_never_has_time_and_other_errors_are_errors() {
        let begun = Instant::now();
        assert!(repeat_later(|| async { Err::<(), _>(refusal(429, "")) }).await.is_err());
        let elapsed = begun.elapsed().as_secs();
        assert!((15..60).contains(&elapsed), "{elapsed}");
        let made = Cell::new(0_u32);
        let answer = repeat_later(|| async {
            made.set(made.get().saturating_add(1));
            Err::<(), _>(refusal(-32_000, "execution aborted"))
        });
        assert!(answer.await.is_err() && made.get() == 1);
    }
}
