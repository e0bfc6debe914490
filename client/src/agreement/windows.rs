//! The times of an agreement.

use std::ops::Range;

use muster_protocol::lifecycle::Times;

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
        progress.course.times(self.terms())
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
        let (terms, course, start) = (self.terms(), &progress.course, progress.start());
        let count = if start == 0 { 0 } else { course.windows(terms) };
        let length = course.length(terms);
        let ticks = |window| {
            let ticks = terms.window_ticks(window, length);
            start.saturating_add(ticks.start.into())..start.saturating_add(ticks.end.into())
        };
        (0..count).map(|window| (window, ticks(window))).filter(|(_, t)| !t.is_empty()).collect()
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
        progress.course.window_at(self.terms(), now)
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
