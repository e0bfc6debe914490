//! A worker's replies to requests for its endpoint.

use std::fmt::Debug;
use std::sync::Arc;

use alloy::primitives::{Address, B256};

use crate::chain_view::{AgreementInfo, ChainView};
use crate::endpoint::Endpoint;
use crate::error::{BoxError, MessageError};
use crate::keys::accounts_of;
use crate::mailbox::Delivery;
use crate::message::{Claim, Content, Message, RefusalReason};

/// The access that a token gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessGrant {
    /// The agreement.
    pub agreement: Address,
    /// The key that requested the endpoint, and that the token is for.
    pub key: B256,
    /// The role in which that key has access.
    pub party: Party,
}

/// The role in which a key has access to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The agreement's client.
    Client,
    /// The holder of a delegation: a program of the client, or a tester with a pass. Nobody can tell which.
    Delegate {
        /// The Unix second at which the delegation expires.
        until: u64,
    },
    /// A tester that names its seat.
    Tester {
        /// The window of the seat, counted from 0.
        window: u8,
    },
}

/// Issues tokens for a worker's service.
///
/// - **Ordering.** A responder calls [`issue`](Self::issue) after it has checked the sender's right, and sends what
///   it returns. Calls may overlap.
/// - **Cancellation.** `issue` blocks and is called from async tasks, so it must not wait for the network.
/// - **Retries.** The same grant may be requested again, for example after a lost reply. The issuer may return the
///   same endpoint again.
pub trait EndpointIssuer: Debug + Send + Sync {
    /// The endpoint for a grant. Its token must give no other access, and no access after the grant has ended.
    ///
    /// # Errors
    /// If it cannot be issued now. The responder returns [`MessageError::Endpoint`] and sends nothing, and its
    /// caller can pass the same delivery again.
    fn issue(&self, grant: &AccessGrant) -> Result<Endpoint, BoxError>;
}

/// Answers requests for a worker's endpoint.
#[derive(Clone, Debug)]
pub struct EndpointResponder {
    /// The worker.
    worker: Address,
    /// The chain.
    chain: Arc<dyn ChainView>,
    /// The issuer of tokens.
    issuer: Arc<dyn EndpointIssuer>,
}

impl EndpointResponder {
    /// A responder for a worker.
    #[must_use]
    pub fn new(
        worker: Address,
        chain: Arc<dyn ChainView>,
        issuer: Arc<dyn EndpointIssuer>,
    ) -> Self {
        Self { worker, chain, issuer }
    }

    /// The reply to a message that arrived at the Unix second `now`: the endpoint or a refusal. `None` if the
    /// message is not a request for an endpoint.
    ///
    /// It sends nothing and keeps no state, so a dropped future has no effect unless the issuer has recorded the
    /// grant.
    ///
    /// # Errors
    /// [`MessageError::Chain`] or [`MessageError::Endpoint`]. The same delivery can be passed again.
    pub async fn respond(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> Result<Option<Message>, MessageError> {
        let Content::EndpointRequest { claim } = &delivery.message.content else { return Ok(None) };
        let authorized = self.authorize(delivery, claim, now).await;
        let content = match authorized.map_err(MessageError::Chain)? {
            Ok(party) => {
                let (agreement, key) = (delivery.message.agreement, delivery.sender);
                let endpoint = self.issuer.issue(&AccessGrant { agreement, key, party });
                Content::EndpointReply(endpoint.map_err(MessageError::Endpoint)?)
            }
            Err(reason) => Content::Refusal { reason },
        };
        Ok(Some(delivery.message.reply(content)))
    }

    /// The role in which the sender has access, or why it has none.
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
        let Some(AgreementInfo { client, workers, window, .. }) = info else {
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
