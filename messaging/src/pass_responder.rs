//! A client's replies to testers that request a pass, and delegations for the client's own programs.

use std::sync::Arc;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;

use crate::application::Pass;
use crate::chain_view::ChainView;
use crate::delegation::Delegation;
use crate::error::{BoxError, MessageError};
use crate::mailbox::Delivery;
use crate::message::{Content, Message, RefusalReason};
use crate::replay_guard::ReplayGuard;
use crate::seat_entitlement::seat_entitlement;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Answers requests for passes. A seat gets passes for one key only.
#[derive(Clone, Debug)]
pub struct PassResponder {
    /// The client's account.
    account: PrivateKeySigner,
    /// The chain.
    chain: Arc<dyn ChainView>,
    /// The seats that have a pass, and the keys of these passes.
    issued_passes: Arc<dyn ReplayGuard>,
}

impl PassResponder {
    /// A responder for a client. `issued_passes` must outlive a restart: without it a seat could get a second pass.
    #[must_use]
    pub fn new(
        account: PrivateKeySigner,
        chain: Arc<dyn ChainView>,
        issued_passes: Arc<dyn ReplayGuard>,
    ) -> Self {
        Self { account, chain, issued_passes }
    }

    /// Delegates the client's right to a key until the end of the day after the agreement, which was planned to end in
    /// the Unix second `planned_end`. A client that requests endpoints with a delegated key looks like a tester with a
    /// pass.
    ///
    /// # Errors
    /// [`MessageError::Key`] if the account cannot sign.
    pub fn delegate(
        &self,
        agreement: Address,
        key: B256,
        planned_end: u64,
    ) -> Result<Delegation, MessageError> {
        let until = delegation_expiry(planned_end);
        Delegation::sign(&self.account, self.chain.chain_id(), agreement, key, until)
    }

    /// The reply to a message: a pass or a refusal. `None` if the message is not a request for a pass. It sends
    /// nothing; the pass is recorded before this returns.
    ///
    /// # Errors
    /// [`MessageError::Chain`], [`MessageError::ReplayGuard`] or [`MessageError::Key`]. The same delivery can be
    /// passed again.
    pub async fn respond(&self, delivery: &Delivery) -> Result<Option<Message>, MessageError> {
        let Content::PassRequest { window, place, key } = delivery.message.content else {
            return Ok(None);
        };
        let agreement = delivery.message.agreement;
        let client = self.account.address();
        let entitled = seat_entitlement(&*self.chain, client, delivery, (window, place)).await;
        let content = match entitled.map_err(MessageError::Chain)? {
            Err(reason) => Content::Refusal { reason },
            Ok(planned_end) => {
                let until = delegation_expiry(planned_end);
                let is_reserved = self
                    .reserve_pass(agreement, window, place, key, until)
                    .map_err(MessageError::ReplayGuard)?;
                if is_reserved {
                    let delegation = self.delegate(agreement, key, planned_end)?;
                    Content::Pass(Pass { delegation, commitments: Vec::new() })
                } else {
                    Content::Refusal { reason: RefusalReason::PassGiven }
                }
            }
        };
        Ok(Some(delivery.message.reply(content)))
    }

    /// Reserves a seat's pass for the first key that requests it, until the Unix second `until`. Returns whether the
    /// pass is for this key.
    fn reserve_pass(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
        key: B256,
        until: u64,
    ) -> Result<bool, BoxError> {
        let seat = [agreement.as_slice(), &[window], &place.to_be_bytes()].concat();
        let pass = keccak256([&seat, key.as_slice()].concat());
        if self.issued_passes.contains(pass)? {
            return Ok(true);
        }
        self.issued_passes.insert_if_new(&[keccak256(seat), pass], until)
    }
}

/// The Unix second at which all delegations for an agreement expire that was planned to end in the second
/// `planned_end`: the end of the day after.
fn delegation_expiry(planned_end: u64) -> u64 {
    let midnight = planned_end.checked_next_multiple_of(DAY).unwrap_or(planned_end);
    midnight.saturating_add(DAY)
}
