//! The boundary to the gateway's owner: which token holders are served, and where.

use std::future::Future;

use crate::{token::Claims, upstream::Upstream};

/// Decides for every request whether the token's holder is served.
///
/// - **When.** Once for each request, after the token and the key's request rate were checked and before
///   anything is sent to the service; and in every [`crate::Limits::reauthorize_interval`] for each connection
///   that has an owner.
/// - **Ordering.** None between calls. Calls for different connections run in parallel, and on one connection
///   the call for a request and the periodic one may overlap.
/// - **Time.** The gateway sets no timeout: the request waits for the result. Answer from memory.
/// - **Cancellation.** The future is dropped when its connection ends, so it must be cancel safe.
/// - **Retries.** None. A result counts for one request or one periodic check. After an error a periodic
///   check ends the connection, except after [`AuthorizationError::Unavailable`].
/// - **Panics** end the connection they happen on, and no other.
pub trait Authorizer: Send + Sync + 'static {
    /// Returns the service that serves the holder now. The token is genuine and not expired; whether the
    /// agreement runs, and whether the key is the client's, a delegate's or a tester's of the current window,
    /// is for the implementation to decide.
    ///
    /// # Errors
    /// Any [`AuthorizationError`]; the client gets it as a response, with the status that the crate's
    /// documentation lists.
    fn authorize(
        &self,
        claims: &Claims,
    ) -> impl Future<Output = Result<Upstream, AuthorizationError>> + Send;
}

/// Why an [`Authorizer`] does not let a token holder in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// The gateway does not serve this agreement. Status 403.
    #[error("this gateway does not serve the agreement")]
    UnknownAgreement,
    /// The agreement has not started yet or has ended. Status 403.
    #[error("the agreement is not running now")]
    NotRunning {
        /// First tick of the agreement on the market's clock; 0 if no worker has accepted it yet.
        start: u64,
        /// The current tick.
        now: u64,
        /// First tick after the agreement; 0 if no worker has accepted it yet.
        end: u64,
    },
    /// The key is not the client's, a delegate's or a tester's of the current window. Status 403.
    #[error("the key is not a party to the agreement")]
    NotAParty,
    /// The implementation cannot decide now. Status 503 with `retry-after`; connections that are already
    /// authenticated stay open.
    #[error("authorization is unavailable: retry later")]
    Unavailable,
}
