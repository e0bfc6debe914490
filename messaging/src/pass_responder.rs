//! A client's replies to testers that request a pass, and delegations for the client's own programs.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;

use crate::chain_view::{AgreementInfo, ChainView};
use crate::delegation::Delegation;
use crate::error::{BoxError, MessageError};
use crate::mailbox::Delivery;
use crate::message::{Content, Message, RefusalReason};
use crate::replay_guard::ReplayGuard;

/// Delegations expire at the end of a day, so that all delegations of one day look alike.
const DAY: Duration = Duration::from_hours(24);

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

    /// Delegates the client's right to a key, from the Unix second `now` for one to two days. A client that
    /// requests endpoints with a delegated key looks like a tester with a pass.
    ///
    /// # Errors
    /// [`MessageError::Key`] if the account cannot sign.
    pub fn delegate(
        &self,
        agreement: Address,
        key: B256,
        now: u64,
    ) -> Result<Delegation, MessageError> {
        Delegation::sign(
            &self.account,
            self.chain.chain_id(),
            agreement,
            key,
            delegation_expiry(now),
        )
    }

    /// The reply to a message that arrived at the Unix second `now`: a pass or a refusal. `None` if the message is
    /// not a request for a pass. It sends nothing; the pass is recorded before this returns.
    ///
    /// # Errors
    /// [`MessageError::Chain`], [`MessageError::ReplayGuard`] or [`MessageError::Key`]. The same delivery can be
    /// passed again.
    pub async fn respond(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> Result<Option<Message>, MessageError> {
        let Content::PassRequest { window, place, key } = delivery.message.content else {
            return Ok(None);
        };
        let agreement = delivery.message.agreement;
        let refusal =
            self.refusal_reason(delivery, window, place).await.map_err(MessageError::Chain)?;
        let reserve = || {
            self.reserve_pass(agreement, window, place, key, now).map_err(MessageError::ReplayGuard)
        };
        let content = match refusal {
            Some(reason) => Content::Refusal { reason },
            None if reserve()? => Content::Pass { delegation: self.delegate(agreement, key, now)? },
            None => Content::Refusal { reason: RefusalReason::PassGiven },
        };
        Ok(Some(delivery.message.reply(content)))
    }

    /// Why the sender gets no pass; `None` if it may have one.
    async fn refusal_reason(
        &self,
        delivery: &Delivery,
        window: u8,
        place: u32,
    ) -> Result<Option<RefusalReason>, BoxError> {
        let Message { chain_id, agreement, .. } = delivery.message;
        if chain_id != self.chain.chain_id() {
            return Ok(Some(RefusalReason::OtherChain));
        }
        let info = self.chain.agreement(agreement).await?;
        let Some(AgreementInfo { window: current, .. }) =
            info.filter(|info| info.client == self.account.address())
        else {
            return Ok(Some(RefusalReason::NotMine));
        };
        let Some(current) = current else { return Ok(Some(RefusalReason::NotRunning)) };
        if window != current {
            return Ok(Some(RefusalReason::OtherWindow));
        }
        let holds_seat = self.chain.holds_seat(delivery.sender, agreement, window, place).await?;
        Ok((!holds_seat).then_some(RefusalReason::NoSeat))
    }

    /// Reserves a seat's pass for the first key that requests it. Returns whether the pass is for this key.
    fn reserve_pass(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
        key: B256,
        now: u64,
    ) -> Result<bool, BoxError> {
        let seat = [agreement.as_slice(), &[window], &place.to_be_bytes()].concat();
        let pass = keccak256([&seat, key.as_slice()].concat());
        if self.issued_passes.contains(pass)? {
            return Ok(true);
        }
        // After a crash between the two, the seat has no pass, and its tester names the seat to workers instead.
        Ok(self.issued_passes.insert_if_new(keccak256(seat), delegation_expiry(now))?
            && self.issued_passes.insert_if_new(pass, delegation_expiry(now))?)
    }
}

/// The Unix second at which a delegation of `now` expires: the end of the day after.
fn delegation_expiry(now: u64) -> u64 {
    let midnight = now.checked_next_multiple_of(DAY.as_secs()).unwrap_or(now);
    midnight.saturating_add(DAY.as_secs())
}
