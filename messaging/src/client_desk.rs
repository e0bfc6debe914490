//! The client's answer to testers that ask for a pass, and delegations for the client's own programs.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;

use crate::delegation::Delegation;
use crate::error::{MessageError, Source};
use crate::letter::{Content, Letter, Reason};
use crate::post_box::Delivery;
use crate::seen::Seen;
use crate::standing::{Facts, Standing};

/// What delegations are rounded to, so that those made on one day look alike.
const DAY: Duration = Duration::from_hours(24);

/// Answers requests for passes. One seat gets a pass for one key.
#[derive(Clone, Debug)]
pub struct ClientDesk {
    /// The client.
    account: PrivateKeySigner,
    /// What the chain says.
    standing: Arc<dyn Standing>,
    /// Which passes were given.
    given: Arc<dyn Seen>,
}

impl ClientDesk {
    /// A desk for a client.
    #[must_use]
    pub fn new(
        account: PrivateKeySigner,
        standing: Arc<dyn Standing>,
        given: Arc<dyn Seen>,
    ) -> Self {
        Self { account, standing, given }
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
        Delegation::sign(&self.account, self.standing.chain_id(), agreement, key, until(now))
    }

    /// The reply to a letter that came at the Unix second `now`: a pass or a refusal; `None` if the letter
    /// is no request for a pass.
    ///
    /// # Errors
    /// [`MessageError::Chain`], [`MessageError::Seen`] or [`MessageError::Key`]; the same letter can be
    /// answered later.
    pub async fn answer(&self, asked: &Delivery, now: u64) -> Result<Option<Letter>, MessageError> {
        let Content::PassRequest { window, place, key } = asked.letter.content else {
            return Ok(None);
        };
        let agreement = asked.letter.agreement;
        let refused = self.check(asked, window, place).await.map_err(MessageError::Chain)?;
        let given = || self.give(agreement, window, place, key, now).map_err(MessageError::Seen);
        let content = match refused {
            Some(reason) => Content::Refusal { reason },
            None if given()? => Content::Pass { delegation: self.delegate(agreement, key, now)? },
            None => Content::Refusal { reason: Reason::PassGiven },
        };
        Ok(Some(asked.letter.reply(content)))
    }

    /// Why the sender gets no pass, if so.
    async fn check(
        &self,
        asked: &Delivery,
        window: u8,
        place: u32,
    ) -> Result<Option<Reason>, Source> {
        let Letter { chain_id, agreement, .. } = asked.letter;
        if chain_id != self.standing.chain_id() {
            return Ok(Some(Reason::OtherChain));
        }
        let facts = self.standing.agreement(agreement).await?;
        let Some(Facts { window: current, .. }) =
            facts.filter(|facts| facts.client == self.account.address())
        else {
            return Ok(Some(Reason::NotMine));
        };
        let Some(current) = current else { return Ok(Some(Reason::NotRunning)) };
        if window != current {
            return Ok(Some(Reason::OtherWindow));
        }
        let sits = self.standing.holds(asked.sender, agreement, window, place).await?;
        Ok((!sits).then_some(Reason::NoSeat))
    }

    /// Whether a seat's pass goes to this key: the first that asks for it.
    fn give(
        &self,
        agreement: Address,
        window: u8,
        place: u32,
        key: B256,
        now: u64,
    ) -> Result<bool, Source> {
        let seat = [agreement.as_slice(), &[window], &place.to_be_bytes()].concat();
        let pass = keccak256([&seat, key.as_slice()].concat());
        if self.given.knows(pass)? {
            return Ok(true);
        }
        // Cut off between these two, the seat has no pass and its tester shows the seat instead.
        Ok(self.given.remember(keccak256(seat), until(now))?
            && self.given.remember(pass, until(now))?)
    }
}

/// Until when a delegation made now is good: the end of the next day.
fn until(now: u64) -> u64 {
    let midnight = now.checked_next_multiple_of(DAY.as_secs()).unwrap_or(now);
    midnight.saturating_add(DAY.as_secs())
}
