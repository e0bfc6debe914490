//! Requests per second, counted per client.

use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota};

use crate::client_address::ClientKey;
use crate::failure::Failure;
use crate::wire::ErrorCode;

/// The number of keys from which on keys without recent requests are removed.
const PRUNE_THRESHOLD: usize = 1024;

/// The request rates of all clients.
#[derive(Debug)]
pub(crate) struct RateLimiter(DefaultKeyedRateLimiter<ClientKey>);

impl RateLimiter {
    /// A limiter that has counted nothing, of so many requests per second and as many at once.
    pub(crate) fn new(requests_per_second: NonZeroU32) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_second(requests_per_second)))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`ErrorCode::TooManyRequests`].
    pub(crate) fn check(&self, key: ClientKey) -> Result<(), Failure> {
        if self.0.len() >= PRUNE_THRESHOLD {
            self.0.retain_recent();
        }
        self.0.check_key(&key).map_err(|_| {
            let text = "this address asks too often: ask more slowly, or for larger pages";
            Failure::new(ErrorCode::TooManyRequests, text)
        })
    }
}
