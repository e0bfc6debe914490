//! A client's replies to testers: passes, and samples if it has jobs.

use muster_messaging::{Delivery, Message, MessageError, PassResponder, SampleResponder};

use crate::responder::Responder;

/// Answers testers. A client can have several processes, which all get a tester's request: one without jobs says nothing to
/// a request for samples.
#[derive(Clone, Debug)]
pub(super) struct ClientResponder {
    /// Gives passes.
    pub(super) passes: PassResponder,
    /// Gives samples.
    pub(super) samples: Option<SampleResponder>,
}

impl Responder for ClientResponder {
    async fn reply(&self, delivery: &Delivery, _: u64) -> Result<Option<Message>, MessageError> {
        match (self.passes.respond(delivery).await?, &self.samples) {
            (None, Some(samples)) => samples.respond(delivery).await,
            (reply, _) => Ok(reply),
        }
    }
}
