//! Waiting for something to happen on the market, up to a deadline.

use muster_protocol::abi::IWorkerDispatcher::AgreementSettled;
use muster_protocol::abi::State;
use tokio::time::{Duration, Instant, sleep};

use crate::agreement::{Agreement, Progress};
use crate::error::MarketError;

/// How often to look.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

impl Agreement {
    /// Waits until the agreement is in this state or a later one, and says in which. On a clock of blocks
    /// this takes as long as others take to make them.
    ///
    /// # Errors
    /// [`MarketError::Timeout`] if it takes longer than `patience`; [`MarketError::Node`].
    pub async fn wait_for_state(
        &self,
        state: State,
        timeout: Duration,
    ) -> Result<State, MarketError> {
        let wait = Wait::new("the agreement came so far", timeout);
        loop {
            let found = self.state().await;
            let found =
                found.map(|found| (state_rank(found) >= state_rank(state)).then_some(found));
            if let Some(found) = wait.check(found).await? {
                return Ok(found);
            }
        }
    }

    /// Waits until a worker has accepted, and says how the agreement stands.
    ///
    /// # Errors
    /// [`MarketError::Never`] if the time to accept has passed; [`MarketError::Timeout`] if it takes longer
    /// than `patience`; [`MarketError::Node`].
    pub async fn wait_for_accept(&self, timeout: Duration) -> Result<Progress, MarketError> {
        let wait = Wait::new("a worker accepted", timeout);
        loop {
            if let Some(progress) = wait.check(self.accepted().await).await? {
                return Ok(progress);
            }
        }
    }

    /// Waits until a window, counted from 0, has begun.
    ///
    /// # Errors
    /// [`MarketError::Never`] if the agreement ends before it; [`MarketError::Timeout`] if it takes longer
    /// than `patience`; [`MarketError::Node`].
    pub async fn wait_for_window(&self, window: u8, timeout: Duration) -> Result<(), MarketError> {
        let wait = Wait::new("the window began", timeout);
        loop {
            if wait.check(self.window_begun(window).await).await?.is_some() {
                return Ok(());
            }
        }
    }

    /// Waits until somebody has settled the agreement, and says what it paid.
    ///
    /// # Errors
    /// [`MarketError::Timeout`] if it takes longer than `patience`; [`MarketError::Node`].
    pub async fn wait_for_settlement(
        &self,
        timeout: Duration,
    ) -> Result<AgreementSettled, MarketError> {
        let wait = Wait::new("the agreement was settled", timeout);
        loop {
            if let Some(settled) = wait.check(self.settlement().await).await? {
                return Ok(settled);
            }
        }
    }

    /// How it stands, if a worker has accepted.
    async fn accepted(&self) -> Result<Option<Progress>, MarketError> {
        let progress = self.progress().await?;
        if progress.start != 0 {
            return Ok(Some(progress));
        }
        match self.state().await? {
            State::Due | State::Void => Err(MarketError::Impossible("a worker accepts")),
            _ => Ok(None),
        }
    }

    /// Whether a window has begun, which it may never do if the client cancels meanwhile.
    async fn window_begun(&self, window: u8) -> Result<Option<()>, MarketError> {
        let Some(progress) = self.accepted().await? else { return Ok(None) };
        let windows = self.windows(&progress);
        let Some((_, ticks)) = windows.get(usize::from(window)) else {
            return Err(MarketError::Impossible("the window begins"));
        };
        Ok((self.market().now().await? >= ticks.start).then_some(()))
    }
}

/// How far a life has come in this state.
const fn state_rank(state: State) -> u8 {
    match state {
        State::Offered => 0,
        State::Running => 1,
        State::Reporting => 2,
        State::Due => 3,
        State::Settled | State::Void | State::__Invalid => 4,
    }
}

/// Patience with something.
struct Wait {
    /// What is waited for, in the past tense.
    condition: &'static str,
    /// Since when.
    since: Instant,
    /// For how long.
    timeout: Duration,
}

impl Wait {
    /// Begins now.
    fn new(what: &'static str, timeout: Duration) -> Self {
        Self { condition: what, since: Instant::now(), timeout }
    }

    /// What a look has found; if nothing, after a pause. That a node does not answer does not end it.
    async fn check<T>(
        &self,
        found: Result<Option<T>, MarketError>,
    ) -> Result<Option<T>, MarketError> {
        match found {
            Ok(Some(found)) => return Ok(Some(found)),
            Err(error) if !error.is_temporary() => return Err(error),
            Ok(None) | Err(_) if self.since.elapsed() >= self.timeout => {
                return Err(MarketError::Timeout(self.condition));
            }
            Ok(None) | Err(_) => {}
        }
        sleep(POLL_INTERVAL).await;
        Ok(None)
    }
}
