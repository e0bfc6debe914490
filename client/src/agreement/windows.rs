//! The times of an agreement.

use std::ops::Range;

use muster_protocol::lifecycle::{self, Times};

use super::{Agreement, Progress};
use crate::error::MarketError;

impl Agreement {
    /// When it changes state, as far as `progress` decides it.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let end = agreement.times(&agreement.progress().await?).end();
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn times(&self, progress: &Progress) -> Times {
        let (terms, head) = (self.terms(), &self.terms().header);
        Times {
            purchased: head.purchased,
            accept_window: head.accept_window,
            start: progress.start,
            length: terms.ticks(progress.windows),
            report_window: head.report_window,
        }
    }

    /// The windows that are judged, each with its ticks, the first included and the last not. None before
    /// the first accept.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// for (window, ticks) in agreement.windows(&agreement.progress().await?) {
    ///     println!("window {window}: {} to {}", ticks.start, ticks.end);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn windows(&self, progress: &Progress) -> Vec<(u8, Range<u64>)> {
        let (quantum, end) = (u64::from(self.terms().window_length()), self.times(progress).end());
        let start = progress.start;
        let windows = if start == 0 { 0 } else { progress.windows };
        let from = |window: u8| start.saturating_add(quantum.saturating_mul(window.into()));
        let until = |next: u8| if next == windows { end } else { from(next) };
        (0..windows).map(|k| (k, from(k)..until(k.saturating_add(1)))).collect()
    }

    /// The window of the tick `now`; `None` outside the agreement.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let progress = agreement.progress().await?;
    /// let window = agreement.window_at(&progress, agreement.market().now().await?);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn window_at(&self, progress: &Progress, now: u64) -> Option<u8> {
        let length = self.terms().ticks(progress.windows);
        lifecycle::window_at(now, progress.start, length, progress.windows)
    }

    /// The current window; `None` outside the agreement.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let window = agreement.window().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn window(&self) -> Result<Option<u8>, MarketError> {
        Ok(self.window_at(&self.progress().await?, self.market().now().await?))
    }
}
