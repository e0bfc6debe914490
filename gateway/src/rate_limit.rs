//! Requests per second, counted per key of an agreement.

use governor::{DefaultKeyedRateLimiter, Quota};

use crate::{config::Limits, error_response::RequestError, token::Claims};

/// The number of keys from which on keys without recent requests are removed.
const PRUNE_THRESHOLD: usize = 1024;

/// The request rates of all keys.
#[derive(Debug)]
pub(crate) struct RateLimiter(DefaultKeyedRateLimiter<([u8; 20], [u8; 32])>);

impl RateLimiter {
    /// A limiter that has counted nothing.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_second(limits.requests_per_second)))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`RequestError::TooManyRequests`].
    pub(crate) fn check(&self, claims: &Claims) -> Result<(), RequestError> {
        if self.0.len() >= PRUNE_THRESHOLD {
            self.0.retain_recent();
        }
        self.0.check_key(&(claims.agreement, claims.key)).map_err(|_| RequestError::TooManyRequests)
    }
}
