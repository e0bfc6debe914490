//! Following markets into an index, in steps of a daemon.

use std::time::Duration;

use muster_daemons::{DaemonError, NextEvent};
use muster_index::{Follower, IndexError};
use tokio::time::Instant;

/// A step that reads old blocks ends after so long, so that `/health` tells how far it is.
const MAX_STEP: Duration = Duration::from_secs(20);

/// Reads the next blocks of every market. Returns whether all that the chains have is indexed, and what is waited for.
///
/// # Errors
/// That of a market that cannot be followed now.
pub(crate) async fn follow(followers: &[Follower]) -> Result<(bool, NextEvent), DaemonError> {
    let begin = Instant::now();
    let mut waits_for = u64::MAX;
    for follower in followers {
        loop {
            let progress = follower.step().await.map_err(daemon_error)?;
            if progress.is_at_tip() {
                waits_for = waits_for.min(progress.head.saturating_add(1));
                break;
            }
            if begin.elapsed() > MAX_STEP {
                let (head, tip) = (progress.head, progress.tip);
                return Ok((false, NextEvent::untimed(format_args!("blocks {head} to {tip}"))));
            }
        }
    }
    Ok((true, NextEvent::untimed(format_args!("block {waits_for}"))))
}

/// An error of the index as one of a daemon.
pub(crate) fn daemon_error(error: IndexError) -> DaemonError {
    let is_transient = error.is_temporary();
    match error {
        IndexError::Market(error) => error.into(),
        source => DaemonError::Other { source: source.into(), is_transient },
    }
}
