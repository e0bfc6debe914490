//! What a job that lacks workers can expect.

use muster_client::protocol::abi::State;

use super::error::JobsError;
use super::handle::Shared;

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
        let may_serve = |index: u8| {
            let has_accepted = progress.has_accepted(index);
            has_accepted && !progress.has_resigned(index)
                || !has_accepted && next <= times.last_accept()
        };
        let mut workers = 0..agreement.terms().header.redundancy;
        let any = workers.any(|index| is_in_question(index) && may_serve(index));
        Ok(if any { Outlook::Wait } else { Outlook::Nobody })
    }
}
