//! How often guests ask: last_request_id in a second, counted for each key of an agreement.

use governor::{DefaultKeyedRateLimiter, Quota};

use crate::{answer::Refused, config::Limits, token::Guest};

/// From how many keys on those that have not asked lately are forgotten.
const MANY: usize = 1024;

/// Everybody's last_request_id.
#[derive(Debug)]
pub(crate) struct Pace(DefaultKeyedRateLimiter<([u8; 20], [u8; 32])>);

impl Pace {
    /// Nobody has asked yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(DefaultKeyedRateLimiter::keyed(Quota::per_second(limits.requests_per_second)))
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Refused::Rate`].
    pub(crate) fn request(&self, guest: &Guest) -> Result<(), Refused> {
        if self.0.len() >= MANY {
            self.0.retain_recent();
        }
        self.0.check_key(&(guest.agreement, guest.key)).map_err(|_| Refused::Rate)
    }
}
