//! What has to be known of the chain before a letter is answered.

use std::fmt::Debug;

use alloy::primitives::{Address, B256};
use futures::future::BoxFuture;

use crate::error::BoxError;

/// What the chain says, some time later.
pub type ChainFuture<'a, T> = BoxFuture<'a, Result<T, BoxError>>;

/// What the chain says of those who write. Asked anew for every letter.
pub trait ChainView: Debug + Send + Sync {
    /// The chain's id.
    fn chain_id(&self) -> u64;
    /// What an agreement is; `None` if the market did not make it.
    fn agreement(&self, agreement: Address) -> ChainFuture<'_, Option<AgreementInfo>>;
    /// The x-only key for messages that an account has registered; `None` if it is not registered.
    fn message_key(&self, account: Address) -> ChainFuture<'_, Option<B256>>;
    /// The account that has this place, if the place holds a seat of this window of the agreement.
    fn seat_holder(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
    ) -> ChainFuture<'_, Option<Address>>;
}

/// What an agreement is, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgreementInfo {
    /// Who bought it.
    pub client: Address,
    /// The workers that have accepted it.
    pub workers: Vec<Address>,
    /// The current window, counted from 0; `None` before the start and from the end on.
    pub window: Option<u8>,
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
