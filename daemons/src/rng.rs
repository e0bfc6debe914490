//! Chance that nobody can foresee.

use muster_messaging::{ExposeSecret, MessageKey};

/// A random number.
pub(crate) fn random_u64() -> u64 {
    let bytes = MessageKey::random().to_bytes();
    bytes.expose_secret().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// A random number below `limit`; 0 if that is 0.
pub(crate) fn random_below(limit: u64) -> u64 {
    random_u64().checked_rem(limit).unwrap_or(0)
}
