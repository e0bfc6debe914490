//! What the responders read from the chain.

use std::fmt::Debug;

use alloy::primitives::{Address, B256};
use futures::future::BoxFuture;

use crate::error::BoxError;

/// The result of a read from the chain.
pub type ChainFuture<'a, T> = BoxFuture<'a, Result<T, BoxError>>;

/// What the responders read from the chain before they answer a request. Its owner implements it over a node.
///
/// - **Freshness.** A responder reads again for every request and caches nothing. An implementation may cache
///   only for as long as a right that has ended may still count.
/// - **Ordering.** A responder reads the agreement, then the seat's holder, then that account's key, one after
///   the other. The reads of one request may see different blocks.
/// - **Cancellation.** The methods only read, so a future may be dropped at any time.
/// - **Retries.** A responder does not retry. It returns an error as [`MessageError::Chain`], and its caller can
///   pass the same delivery again. An implementation may retry within a call.
/// - **Errors.** `Err` means that the answer is unknown, for example because no node answers. What does not
///   exist is `Ok(None)`, and the request is refused.
///
/// [`MessageError::Chain`]: crate::MessageError::Chain
pub trait ChainView: Debug + Send + Sync {
    /// The chain's id.
    fn chain_id(&self) -> u64;

    /// An agreement; `None` if the market did not create it.
    fn agreement(&self, agreement: Address) -> ChainFuture<'_, Option<AgreementInfo>>;

    /// The x-only message key that an account has registered; `None` if it has none.
    fn message_key(&self, account: Address) -> ChainFuture<'_, Option<B256>>;

    /// The account at a place, if that place holds a seat of this window (counted from 0) of the agreement.
    fn seat_holder(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> ChainFuture<'_, Option<Address>>;
}

/// An agreement as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementInfo {
    /// The client.
    pub client: Address,
    /// The workers that have accepted it.
    pub workers: Vec<Address>,
    /// The current window, counted from 0; `None` before the start and after the end.
    pub window: Option<u8>,
    /// The Unix second in which it was planned to end when it began; no cancellation changes it. The latest of all, if
    /// nobody can know it. Without a meaning before the start.
    pub planned_end: u64,
}

impl dyn ChainView {
    /// Whether a key is the registered one of the tester that holds this seat.
    pub(crate) async fn holds_seat(
        &self,
        key: B256,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> Result<bool, BoxError> {
        let Some(tester) = self.seat_holder(agreement, window, place).await? else {
            return Ok(false);
        };
        Ok(self.message_key(tester).await? == Some(key))
    }
}
