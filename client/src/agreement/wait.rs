//! Waiting for an agreement to come so far, up to a timeout.

use std::future::Future;

use muster_protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_protocol::abi::State;
use tokio::time::{Duration, Instant, sleep};

use super::{Agreement, Progress};
use crate::error::MarketError;

/// The time between two checks.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// # Waiting
/// The `wait_for_…` verbs check every 200 ms, at least once, whatever the timeout.
/// [Temporary](MarketError::is_temporary) errors of the node do not end them. They can be cancelled at any
/// time.
impl Agreement {
    /// Waits until the agreement is in `state` or a later one, and returns the state. On a clock of blocks,
    /// this takes as long as others take to make them.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// use muster_client::protocol::abi::State;
    ///
    /// agreement.wait_for_state(State::Due, std::time::Duration::from_secs(3_600)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Timeout`]; [`MarketError::Node`].
    pub async fn wait_for_state(
        &self,
        state: State,
        timeout: Duration,
    ) -> Result<State, MarketError> {
        let check = || async {
            let found = self.state().await?;
            Ok((state_rank(found) >= state_rank(state)).then_some(found))
        };
        poll("the agreement came so far", timeout, check).await
    }

    /// Waits until a worker has accepted, and returns the progress.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let progress = agreement.wait_for_accept(std::time::Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Impossible`] if the time to accept has passed; [`MarketError::Timeout`];
    /// [`MarketError::Node`].
    pub async fn wait_for_accept(&self, timeout: Duration) -> Result<Progress, MarketError> {
        poll("a worker accepted", timeout, || self.accepted()).await
    }

    /// Waits until a window, counted from 0, has begun.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// agreement.wait_for_window(0, std::time::Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Impossible`] if the agreement ends before it; [`MarketError::Timeout`];
    /// [`MarketError::Node`].
    pub async fn wait_for_window(&self, window: u8, timeout: Duration) -> Result<(), MarketError> {
        poll("the window began", timeout, || self.window_begun(window)).await
    }

    /// Waits until any account has settled the agreement, and returns the event.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let settled = agreement.wait_for_settlement(std::time::Duration::from_secs(3_600)).await?;
    /// println!("{} wei went back to the client", settled.refund);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Timeout`]; [`MarketError::Node`].
    pub async fn wait_for_settlement(
        &self,
        timeout: Duration,
    ) -> Result<AgreementSettled, MarketError> {
        poll("the agreement was settled", timeout, || self.settlement()).await
    }

    /// The progress, if a worker has accepted.
    async fn accepted(&self) -> Result<Option<Progress>, MarketError> {
        let progress = self.progress().await?;
        if progress.start() != 0 {
            return Ok(Some(progress));
        }
        match self.state().await? {
            State::Due | State::Void => Err(MarketError::Impossible("a worker accepts")),
            _ => Ok(None),
        }
    }

    /// Whether a window has begun. If the client cancels first, it never does.
    async fn window_begun(&self, window: u8) -> Result<Option<()>, MarketError> {
        let Some(progress) = self.accepted().await? else { return Ok(None) };
        let windows = self.windows(&progress);
        let Some((_, ticks)) = windows.get(usize::from(window)) else {
            return Err(MarketError::Impossible("the window begins"));
        };
        Ok((self.market().now().await? >= ticks.start).then_some(()))
    }
}

/// The order of the states in an agreement's life.
const fn state_rank(state: State) -> u8 {
    match state {
        State::Offered => 0,
        State::Running => 1,
        State::Reporting => 2,
        State::Due => 3,
        State::Settled | State::Void | State::__Invalid => 4,
    }
}

/// Checks until something is found, an error is not temporary, or the timeout has passed. `condition` is
/// the text of [`MarketError::Timeout`].
async fn poll<T, F: Future<Output = Result<Option<T>, MarketError>>>(
    condition: &'static str,
    timeout: Duration,
    check: impl Fn() -> F,
) -> Result<T, MarketError> {
    let since = Instant::now();
    loop {
        match check().await {
            Ok(Some(found)) => return Ok(found),
            Err(error) if !error.is_temporary() => return Err(error),
            Ok(None) | Err(_) if since.elapsed() >= timeout => {
                return Err(MarketError::Timeout(condition));
            }
            Ok(None) | Err(_) => sleep(POLL_INTERVAL).await,
        }
    }
}
