//! Waiting for something to happen on the market, up to a deadline.

use terms::abi::IWorkerDispatcher::AgreementSettled;
use terms::abi::State;
use tokio::time::{Duration, Instant, sleep};

use crate::agreement::{Agreement, Progress};
use crate::error::MarketError;

/// How often to look.
const POLL: Duration = Duration::from_millis(200);

impl Agreement {
    /// Waits until the agreement is in this state or a later one, and says in which. On a clock of blocks
    /// this takes as long as others take to make them.
    ///
    /// # Errors
    /// [`MarketError::Deadline`] if it takes longer than `patience`; [`MarketError::Node`].
    pub async fn wait_for_state(
        &self,
        state: State,
        patience: Duration,
    ) -> Result<State, MarketError> {
        until("the agreement came so far", patience, move || async move {
            let found = self.state().await?;
            Ok((order(found) >= order(state)).then_some(found))
        })
        .await
    }

    /// Waits until a worker has accepted, and says how the agreement stands.
    ///
    /// # Errors
    /// [`MarketError::Never`] if the time to accept has passed; [`MarketError::Deadline`] if it takes longer
    /// than `patience`; [`MarketError::Node`].
    pub async fn wait_for_accept(&self, patience: Duration) -> Result<Progress, MarketError> {
        until("a worker accepted", patience, move || async move {
            let progress = self.progress().await?;
            if progress.start != 0 {
                return Ok(Some(progress));
            }
            match self.state().await? {
                State::Due | State::Void => Err(MarketError::Never("a worker accepts")),
                _ => Ok(None),
            }
        })
        .await
    }

    /// Waits until a window, counted from 0, has begun.
    ///
    /// # Errors
    /// [`MarketError::Never`] if the agreement ends before it; [`MarketError::Deadline`] if it takes longer
    /// than `patience`; [`MarketError::Node`].
    pub async fn wait_for_window(&self, window: u8, patience: Duration) -> Result<(), MarketError> {
        let since = Instant::now();
        self.wait_for_accept(patience).await?;
        until("the window began", patience.saturating_sub(since.elapsed()), move || async move {
            // The client may cancel meanwhile.
            let progress = self.progress().await?;
            let windows = self.windows(&progress);
            let Some((_, ticks)) = windows.get(usize::from(window)) else {
                return Err(MarketError::Never("the window begins"));
            };
            Ok((self.market().now().await? >= ticks.start).then_some(()))
        })
        .await
    }

    /// Waits until somebody has settled the agreement, and says what it paid.
    ///
    /// # Errors
    /// [`MarketError::Deadline`] if it takes longer than `patience`; [`MarketError::Node`].
    pub async fn wait_for_settlement(
        &self,
        patience: Duration,
    ) -> Result<AgreementSettled, MarketError> {
        until("the agreement was settled", patience, || self.settlement()).await
    }
}

/// How far a life has come in this state.
const fn order(state: State) -> u8 {
    match state {
        State::Offered => 0,
        State::Running => 1,
        State::Reporting => 2,
        State::Due => 3,
        State::Settled | State::Void | State::__Invalid => 4,
    }
}

/// Looks until there is something, or `patience` is over. That a node does not answer does not end it.
async fn until<T, F: Future<Output = Result<Option<T>, MarketError>>>(
    what: &'static str,
    patience: Duration,
    look: impl Fn() -> F,
) -> Result<T, MarketError> {
    let since = Instant::now();
    loop {
        match look().await {
            Ok(Some(found)) => return Ok(found),
            Err(error) if !error.is_temporary() => return Err(error),
            Ok(None) | Err(_) if since.elapsed() >= patience => {
                return Err(MarketError::Deadline(what));
            }
            Ok(None) | Err(_) => sleep(POLL).await,
        }
    }
}
