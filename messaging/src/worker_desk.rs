//! The worker's answer to whoever asks for its endpoint.

use std::fmt::Debug;
use std::sync::Arc;

use alloy::primitives::{Address, B256};

use crate::error::{MessageError, Source};
use crate::keys::accounts_of;
use crate::letter::{Claim, Content, Hidden, Letter, Reason};
use crate::post_box::Delivery;
use crate::standing::{Facts, Standing};

/// Who is let in, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// The agreement.
    pub agreement: Address,
    /// The key that asked, and that the token belongs to.
    pub key: B256,
    /// As what it asked.
    pub party: Party,
}

/// As what somebody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The agreement's client.
    Client,
    /// Somebody with the client's delegation: a program of the client, or a tester with a pass.
    Delegate {
        /// The Unix second from which on the delegation is void.
        until: u64,
    },
    /// A tester that shows its seat.
    Tester {
        /// The window of the seat, counted from 0.
        window: u8,
    },
}

/// Where a service is, and what to show there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Where it is.
    pub url: Hidden,
    /// What to show.
    pub token: Hidden,
}

/// Makes tokens, each for one agreement and one key.
pub trait Issuer: Debug + Send + Sync {
    /// The endpoint for somebody who may have it. For the same admission it may give the same one.
    ///
    /// # Errors
    /// If it has none to give now.
    fn issue(&self, admission: &Admission) -> Result<Endpoint, Source>;
}

/// Answers requests for a worker's endpoint.
#[derive(Clone, Debug)]
pub struct WorkerDesk {
    /// The worker.
    worker: Address,
    /// What the chain says.
    standing: Arc<dyn Standing>,
    /// What makes tokens.
    issuer: Arc<dyn Issuer>,
}

impl WorkerDesk {
    /// A desk for a worker.
    #[must_use]
    pub fn new(worker: Address, standing: Arc<dyn Standing>, issuer: Arc<dyn Issuer>) -> Self {
        Self { worker, standing, issuer }
    }

    /// The reply to a letter that came at the Unix second `now`: an endpoint or a refusal; `None` if the
    /// letter is no request for an endpoint.
    ///
    /// # Errors
    /// [`MessageError::Chain`] or [`MessageError::Endpoint`]; the same letter can be answered later.
    pub async fn answer(&self, asked: &Delivery, now: u64) -> Result<Option<Letter>, MessageError> {
        let Content::EndpointRequest { claim } = &asked.letter.content else { return Ok(None) };
        let content = match self.admit(asked, claim, now).await.map_err(MessageError::Chain)? {
            Ok(party) => {
                let (agreement, key) = (asked.letter.agreement, asked.sender);
                let issued = self.issuer.issue(&Admission { agreement, key, party });
                let Endpoint { url, token } = issued.map_err(MessageError::Endpoint)?;
                Content::EndpointReply { url, token }
            }
            Err(reason) => Content::Refusal { reason },
        };
        Ok(Some(asked.letter.reply(content)))
    }

    /// As what the sender is let in, or why not.
    async fn admit(
        &self,
        asked: &Delivery,
        claim: &Claim,
        now: u64,
    ) -> Result<Result<Party, Reason>, Source> {
        let Letter { chain_id, agreement, .. } = asked.letter;
        if chain_id != self.standing.chain_id() {
            return Ok(Err(Reason::OtherChain));
        }
        let facts = self.standing.agreement(agreement).await?;
        let Some(Facts { client, workers, window }) = facts else {
            return Ok(Err(Reason::NotMine));
        };
        if !workers.contains(&self.worker) {
            return Ok(Err(Reason::NotMine));
        }
        let Some(current) = window else { return Ok(Err(Reason::NotRunning)) };
        match *claim {
            Claim::Client {} => {
                let accounts = accounts_of(asked.sender);
                let is_client = accounts.is_some_and(|accounts| accounts.contains(&client));
                Ok(if is_client { Ok(Party::Client) } else { Err(Reason::NotAllowed) })
            }
            Claim::Delegate { delegation } => {
                let signer = delegation.signer(chain_id, agreement);
                Ok(if delegation.key != asked.sender || signer != Some(client) {
                    Err(Reason::NotAllowed)
                } else if delegation.until <= now {
                    Err(Reason::Expired)
                } else {
                    Ok(Party::Delegate { until: delegation.until })
                })
            }
            Claim::Seat { window, .. } if window != current => Ok(Err(Reason::OtherWindow)),
            Claim::Seat { window, place } => {
                let standing = &*self.standing;
                let sits = standing.holds(asked.sender, agreement, window, place).await?;
                Ok(if sits { Ok(Party::Tester { window }) } else { Err(Reason::NoSeat) })
            }
        }
    }
}
