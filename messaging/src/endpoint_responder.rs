//! The worker's answer to whoever asks for its endpoint.

use std::fmt::Debug;
use std::sync::Arc;

use alloy::primitives::{Address, B256};

use crate::chain_view::{AgreementInfo, ChainView};
use crate::error::{BoxError, MessageError};
use crate::keys::accounts_of;
use crate::mailbox::Delivery;
use crate::message::{Claim, Content, Message, RefusalReason, SecretString};

/// Who is let in, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessGrant {
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
    pub url: SecretString,
    /// What to show.
    pub token: SecretString,
}

/// Makes tokens, each for one agreement and one key.
pub trait EndpointIssuer: Debug + Send + Sync {
    /// The endpoint for somebody who may have it. For the same admission it may give the same one.
    ///
    /// # Errors
    /// If it has none to give now.
    fn issue(&self, grant: &AccessGrant) -> Result<Endpoint, BoxError>;
}

/// Answers requests for a worker's endpoint.
#[derive(Clone, Debug)]
pub struct EndpointResponder {
    /// The worker.
    worker: Address,
    /// What the chain says.
    chain: Arc<dyn ChainView>,
    /// What makes tokens.
    issuer: Arc<dyn EndpointIssuer>,
}

impl EndpointResponder {
    /// A desk for a worker.
    #[must_use]
    pub fn new(
        worker: Address,
        chain: Arc<dyn ChainView>,
        issuer: Arc<dyn EndpointIssuer>,
    ) -> Self {
        Self { worker, chain, issuer }
    }

    /// The reply to a letter that came at the Unix second `now`: an endpoint or a refusal; `None` if the
    /// letter is no request for an endpoint.
    ///
    /// # Errors
    /// [`MessageError::Chain`] or [`MessageError::Endpoint`]; the same letter can be answered later.
    pub async fn respond(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> Result<Option<Message>, MessageError> {
        let Content::EndpointRequest { claim } = &delivery.message.content else { return Ok(None) };
        let content =
            match self.authorize(delivery, claim, now).await.map_err(MessageError::Chain)? {
                Ok(party) => {
                    let (agreement, key) = (delivery.message.agreement, delivery.sender);
                    let issued = self.issuer.issue(&AccessGrant { agreement, key, party });
                    let Endpoint { url, token } = issued.map_err(MessageError::Endpoint)?;
                    Content::EndpointReply { url, token }
                }
                Err(reason) => Content::Refusal { reason },
            };
        Ok(Some(delivery.message.reply(content)))
    }

    /// As what the sender is let in, or why not.
    async fn authorize(
        &self,
        delivery: &Delivery,
        claim: &Claim,
        now: u64,
    ) -> Result<Result<Party, RefusalReason>, BoxError> {
        let Message { chain_id, agreement, .. } = delivery.message;
        if chain_id != self.chain.chain_id() {
            return Ok(Err(RefusalReason::OtherChain));
        }
        let info = self.chain.agreement(agreement).await?;
        let Some(AgreementInfo { client, workers, window }) = info else {
            return Ok(Err(RefusalReason::NotMine));
        };
        if !workers.contains(&self.worker) {
            return Ok(Err(RefusalReason::NotMine));
        }
        let Some(current) = window else { return Ok(Err(RefusalReason::NotRunning)) };
        match *claim {
            Claim::Client {} => {
                let accounts = accounts_of(delivery.sender);
                let is_client = accounts.is_some_and(|accounts| accounts.contains(&client));
                Ok(if is_client { Ok(Party::Client) } else { Err(RefusalReason::NotAllowed) })
            }
            Claim::Delegate { delegation } => {
                let signer = delegation.signer(chain_id, agreement);
                Ok(if delegation.key != delivery.sender || signer != Some(client) {
                    Err(RefusalReason::NotAllowed)
                } else if delegation.until <= now {
                    Err(RefusalReason::Expired)
                } else {
                    Ok(Party::Delegate { until: delegation.until })
                })
            }
            Claim::Seat { window, .. } if window != current => Ok(Err(RefusalReason::OtherWindow)),
            Claim::Seat { window, place } => {
                let chain = &*self.chain;
                let holds_seat =
                    chain.holds_seat(delivery.sender, agreement, window, place).await?;
                Ok(if holds_seat {
                    Ok(Party::Tester { window })
                } else {
                    Err(RefusalReason::NoSeat)
                })
            }
        }
    }
}
