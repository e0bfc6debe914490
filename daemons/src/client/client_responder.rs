//! A client's replies to testers: passes, and samples if it has jobs.

use muster_messaging::{
    Content, Delivery, Message, MessageError, PassResponder, RefusalReason, SampleResponder,
};

use crate::responder::Responder;

/// Answers testers.
#[derive(Clone, Debug)]
pub(super) struct ClientResponder {
    /// Gives passes.
    pub(super) passes: PassResponder,
    /// Gives samples.
    pub(super) samples: Option<SampleResponder>,
}

impl Responder for ClientResponder {
    async fn reply(&self, delivery: &Delivery, _: u64) -> Result<Option<Message>, MessageError> {
        match (&delivery.message.content, &self.samples) {
            (Content::SampleListRequest { .. } | Content::SamplePieceRequest { .. }, None) => {
                // A tester need not wait for what does not come.
                let reason = RefusalReason::NoSample;
                Ok(Some(delivery.message.reply(Content::Refusal { reason })))
            }
            (
                Content::SampleListRequest { .. } | Content::SamplePieceRequest { .. },
                Some(samples),
            ) => samples.respond(delivery).await,
            _ => self.passes.respond(delivery).await,
        }
    }
}
