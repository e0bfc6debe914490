//! A worker's replies to messages: its endpoint for whoever has a right to it, and the limits of jobs for anybody.

use alloy::primitives::Address;
use muster_messaging::{
    Content, Delivery, EndpointResponder, JobLimits, Message, MessageError, RefusalReason,
};

use crate::responder::Responder;

/// Answers clients and testers.
#[derive(Clone, Debug)]
pub(super) struct WorkerResponder {
    /// Gives endpoints.
    pub(super) endpoints: EndpointResponder,
    /// The chain and the market's contract that a request for limits must name.
    pub(super) market: (u64, Address),
    /// What jobs may take; `None` if it does not run them itself.
    pub(super) job_limits: Option<JobLimits>,
}

impl Responder for WorkerResponder {
    async fn reply(&self, delivery: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        let request = &delivery.message;
        let Content::JobLimitsRequest {} = request.content else {
            return self.endpoints.respond(delivery, now).await;
        };
        let refusal = |reason| Content::Refusal { reason };
        let (chain_id, market) = self.market;
        let content = if request.chain_id != chain_id {
            refusal(RefusalReason::OtherChain)
        } else if request.agreement != market {
            refusal(RefusalReason::NotMine)
        } else {
            self.job_limits.map_or(refusal(RefusalReason::LimitsUnknown), Content::JobLimits)
        };
        Ok(Some(request.reply(content)))
    }
}
