//! Who may come in: asked at every request, answered by the gateway's owner.

use std::future::Future;

use crate::{token::Claims, upstream::Upstream};

/// Knows agreements and who belongs to them. The gateway asks it before every request, and in every
/// [`crate::Limits::recheck`] for as long as a connection lasts; so it must answer from what it knows.
pub trait Authorizer: Send + Sync + 'static {
    /// Where a guest is served, now. The token is genuine and not expired; whether the agreement runs and
    /// the key is its client's, a delegate's or that of a seat of the current window, is for the door to say.
    ///
    /// # Errors
    /// See [`Refusal`].
    fn authorize(
        &self,
        claims: &Claims,
    ) -> impl Future<Output = Result<Upstream, AuthorizationError>> + Send;
}

/// Why the door stays shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// Nobody serves this agreement here.
    #[error("this agreement is not served here")]
    UnknownAgreement,
    /// It is before the agreement's start, or not before its end.
    #[error("the agreement does not run now")]
    NotRunning {
        /// Its first tick of the market's clock; 0 if nobody has accepted it yet.
        start: u64,
        /// The tick it is now.
        now: u64,
        /// The first tick behind it; 0 if nobody has accepted it yet.
        end: u64,
    },
    /// The key is neither the client's nor a delegate's, and holds no seat of this window.
    #[error("this key has no part in the agreement")]
    NotAParty,
    /// It cannot be told at the moment. Who is being served stays so.
    #[error("it cannot be told at the moment who may come in")]
    Unavailable,
}
