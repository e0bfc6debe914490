//! What a job that lacks workers can expect.

use muster_client::protocol::abi::State;

use super::error::JobsError;
use super::handle::Shared;
use crate::client::running_agreement::may_serve;

/// What a job that lacks workers can expect.
pub(super) enum Outlook {
    /// Some of the workers in question serve, or can still accept.
    Wait,
    /// None of them does.
    Nobody,
    /// The agreement is over.
    Over,
}

impl Shared {
    /// What can be expected of the workers in question, by the chain.
    ///
    /// # Errors
    /// [`JobsError::Market`].
    pub(super) async fn outlook(
        &self,
        is_in_question: impl Fn(u8) -> bool,
    ) -> Result<Outlook, JobsError> {
        let agreement = &self.probe_context.pool.agreement;
        let progress = agreement.progress().await?;
        let times = agreement.times(&progress);
        let next = agreement.market().next_tick().await?;
        if !matches!(times.state(next), State::Offered | State::Running) {
            return Ok(Outlook::Over);
        }
        let mut workers = 0..agreement.terms().header.redundancy;
        let any =
            workers.any(|index| is_in_question(index) && may_serve(&progress, &times, index, next));
        Ok(if any { Outlook::Wait } else { Outlook::Nobody })
    }
}
