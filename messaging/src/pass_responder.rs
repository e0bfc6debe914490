//! The client's answer to testers that ask for a pass, and delegations for the client's own programs.

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

/// What delegations are rounded to, so that those made on one day look alike.
const DAY: Duration = Duration::from_hours(24);

/// Answers requests for passes. One seat gets a pass for one key.
#[derive(Clone, Debug)]
pub struct PassResponder {
    /// The client.
    account: PrivateKeySigner,
    /// What the chain says.
    chain: Arc<dyn ChainView>,
    /// Which passes were given.
    issued_passes: Arc<dyn ReplayGuard>,
}

impl PassResponder {
    /// A desk for a client.
    #[must_use]
    pub fn new(
        account: PrivateKeySigner,
        chain: Arc<dyn ChainView>,
        issued_passes: Arc<dyn ReplayGuard>,
    ) -> Self {
        Self { account, chain, issued_passes }
    }

    /// Lets a key ask the workers of an agreement as the client does, from the Unix second `now` for one to
    /// two days. A client that asks under a fresh key of its own, delegated by this, cannot be told from a
    /// tester with a pass.
    ///
    /// # Errors
    /// [`MessageError::Key`].
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

    /// The reply to a letter that came at the Unix second `now`: a pass or a refusal; `None` if the letter
    /// is no request for a pass.
    ///
    /// # Errors
    /// [`MessageError::Chain`], [`MessageError::ReplayGuard`] or [`MessageError::Key`]; the same letter can be
    /// answered later.
    pub async fn respond(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> Result<Option<Message>, MessageError> {
        let Content::PassRequest { window, place, key } = delivery.message.content else {
            return Ok(None);
        };
        let agreement = delivery.message.agreement;
        let refused =
            self.refusal_reason(delivery, window, place).await.map_err(MessageError::Chain)?;
        let reserve = || {
            self.reserve_pass(agreement, window, place, key, now).map_err(MessageError::ReplayGuard)
        };
        let content = match refused {
            Some(reason) => Content::Refusal { reason },
            None if reserve()? => Content::Pass { delegation: self.delegate(agreement, key, now)? },
            None => Content::Refusal { reason: RefusalReason::PassGiven },
        };
        Ok(Some(delivery.message.reply(content)))
    }

    /// Why the sender gets no pass, if so.
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

    /// Whether a seat's pass goes to this key: the first that asks for it.
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
        // Cut off between these two, the seat has no pass and its tester shows the seat instead.
        Ok(self.issued_passes.insert_if_new(keccak256(seat), delegation_expiry(now))?
            && self.issued_passes.insert_if_new(pass, delegation_expiry(now))?)
    }
}

/// Until when a delegation made now is good: the end of the next day.
fn delegation_expiry(now: u64) -> u64 {
    let midnight = now.checked_next_multiple_of(DAY.as_secs()).unwrap_or(now);
    midnight.saturating_add(DAY.as_secs())
}
