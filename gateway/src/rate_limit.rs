//! How often guests ask: requests in a second, counted for each key of an agreement.

use governor::{DefaultKeyedRateLimiter, Quota};

use crate::{config::Limits, error_response::RequestError, token::Claims};

/// From how many keys on those that have not asked lately are forgotten.
const PRUNE_THRESHOLD: usize = 1024;

/// Everybody's requests.
#[derive(Debug)]
pub(crate) struct RateLimiter(DefaultKeyedRateLimiter<([u8; 20], [u8; 32])>);

impl RateLimiter {
    /// Nobody has asked yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_second(limits.requests_per_second)))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub(crate) fn check(&self, claims: &Claims) -> Result<(), RequestError> {
        if self.0.len() >= PRUNE_THRESHOLD {
            self.0.retain_recent();
        }
        self.0.check_key(&(claims.agreement, claims.key)).map_err(|_| RequestError::TooManyRequests)
    }
}
