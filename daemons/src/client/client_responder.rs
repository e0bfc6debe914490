//! A client's replies to testers: passes, and samples if it has jobs.

use muster_messaging::{
    Content, Delivery, Message, MessageError, Pass, PassResponder, SampleResponder,
};

use crate::order_file::OrderFolder;
use crate::responder::Responder;

/// Answers testers. A client can have several processes, which all get a tester's request: one without jobs says nothing to
/// a request for samples.
#[derive(Clone, Debug)]
pub(super) struct ClientResponder {
    /// Gives passes.
    pub(super) passes: PassResponder,
    /// Gives samples.
    pub(super) samples: Option<SampleResponder>,
    /// What the client bought by documents.
    pub(super) orders: Option<OrderFolder>,
}

impl ClientResponder {
    /// The reply, with the commitments of the agreement's workers if it is a pass.
    fn with_commitments(&self, mut reply: Message) -> Message {
        let agreement = reply.agreement;
        if let (Content::Pass(Pass { commitments, .. }), Some(orders)) =
            (&mut reply.content, &self.orders)
        {
            match orders.read(agreement) {
                Ok(order) => {
                    *commitments = order.map(|order| order.commitments).unwrap_or_default();
                }
                Err(error) => {
                    let file = orders.path(agreement);
                    let file = file.display();
                    tracing::warn!(%agreement, %file, %error, "order file not read; testers do not learn what was bought");
                }
            }
        }
        reply
    }
}

impl Responder for ClientResponder {
    async fn reply(&self, delivery: &Delivery, _: u64) -> Result<Option<Message>, MessageError> {
        match (self.passes.respond(delivery).await?, &self.samples) {
            (None, Some(samples)) => samples.respond(delivery).await,
            (reply, _) => Ok(reply.map(|reply| self.with_commitments(reply))),
        }
    }
}
