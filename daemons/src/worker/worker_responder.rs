//! A worker's replies to messages: its endpoint for whoever has a right to it, and for anybody the limits of jobs and the document
//! by which it serves.

use alloy::primitives::Address;
use muster_messaging::{
    Content, Delivery, EndpointResponder, JobLimits, Message, MessageError, RefusalReason,
};

use super::commitment_issuer::CommitmentIssuer;
use crate::responder::Responder;

/// Answers clients and testers.
#[derive(Clone, Debug)]
pub(super) struct WorkerResponder {
    /// Gives endpoints.
    pub(super) endpoints: EndpointResponder,
    /// The chain and the market's contract that a request for limits or the document must name.
    pub(super) market: (u64, Address),
    /// What jobs may take; `None` if it does not run them itself.
    pub(super) job_limits: Option<JobLimits>,
    /// Commitments to serve by a document; `None` without one.
    pub(super) commitment_issuer: Option<CommitmentIssuer>,
}

impl WorkerResponder {
    /// The reply to anybody; `None` to a request of another kind.
    async fn public_reply(&self, request: &Message) -> Result<Option<Content>, MessageError> {
        let refusal = |reason| Content::Refusal { reason };
        let is_public = matches!(
            request.content,
            Content::JobLimitsRequest {} | Content::ApplicationRequest {}
        );
        let (chain_id, market) = self.market;
        if !is_public {
            return Ok(None);
        }
        if request.chain_id != chain_id {
            return Ok(Some(refusal(RefusalReason::OtherChain)));
        }
        if request.agreement != market {
            return Ok(Some(refusal(RefusalReason::NotMine)));
        }
        Ok(Some(match (&request.content, &self.commitment_issuer) {
            (Content::ApplicationRequest {}, Some(commitment_issuer)) => {
                Content::Application(commitment_issuer.commitment().await?)
            }
            (Content::ApplicationRequest {}, None) => refusal(RefusalReason::NoDocument),
            _ => self.job_limits.map_or(refusal(RefusalReason::LimitsUnknown), Content::JobLimits),
        }))
    }
}

impl Responder for WorkerResponder {
    async fn reply(&self, delivery: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        match self.public_reply(&delivery.message).await? {
            Some(content) => Ok(Some(delivery.message.reply(content))),
            None => self.endpoints.respond(delivery, now).await,
        }
    }
}
