//! Answering letters, beside the steps.

use std::future::Future;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use muster_messaging::{
    Delivery, EndpointResponder, Mailbox, Message, MessageError, MessageKey, PassResponder,
    Transport, seal,
};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use crate::context::DaemonContext;
use crate::failpoint::fail_point;

/// Letters that are being answered at the same time; further ones wait.
const MAX_CONCURRENT_REPLIES: usize = 64;

/// How often an answer is tried that the chain or all relays stand in the way of.
const MAX_ATTEMPTS: u32 = 6;

/// The pause before the second attempt; each further one is twice as long.
const INITIAL_BACKOFF: Duration = Duration::from_secs(1);

/// Somebody who answers.
pub(crate) trait Responder: Clone + Send + Sync + 'static {
    /// The reply to a letter that came at the Unix second `now`, if it is one that is answered here.
    fn reply(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> impl Future<Output = Result<Option<Message>, MessageError>> + Send;
}

impl Responder for EndpointResponder {
    async fn reply(&self, delivery: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        self.respond(delivery, now).await
    }
}

impl Responder for PassResponder {
    async fn reply(&self, delivery: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        self.respond(delivery, now).await
    }
}

/// Answers the letters to an account until the result is dropped. A letter is answered once: who gets no
/// reply asks anew.
///
/// # Errors
/// [`MessageError::Key`], [`MessageError::Ended`].
pub(crate) async fn spawn_responder<D: Responder>(
    context: &DaemonContext,
    responder: D,
) -> Result<JoinSet<()>, MessageError> {
    let (key, transport) = (context.message_key()?, context.transport());
    let replay_guard = Arc::new(context.store().clone());
    let mut mailbox = Mailbox::open(key.clone(), transport.clone(), replay_guard).await?;
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut replies = JoinSet::new();
        loop {
            match mailbox.next().await {
                Ok(delivery) => {
                    let (key, transport, responder) =
                        (key.clone(), transport.clone(), responder.clone());
                    replies.spawn(async move {
                        respond(&key, &*transport, &responder, &delivery).await
                    });
                }
                Err(MessageError::TransportClosed) => return,
                Err(error) => tracing::warn!("a letter is lost: {error}"),
            }
            while replies.try_join_next().is_some() {}
            if replies.len() >= MAX_CONCURRENT_REPLIES {
                replies.join_next().await;
            }
        }
    });
    Ok(task)
}

/// Answers one letter.
async fn respond(
    key: &MessageKey,
    transport: &dyn Transport,
    responder: &impl Responder,
    delivery: &Delivery,
) {
    let mut backoff = INITIAL_BACKOFF;
    for _ in 0..MAX_ATTEMPTS {
        match try_respond(key, transport, responder, delivery).await {
            Ok(()) => {
                fail_point("letter", "noted");
                return;
            }
            Err(error) => tracing::warn!("a letter is not answered yet: {error}"),
        }
        sleep(backoff).await;
        backoff = backoff.saturating_mul(2);
    }
}

/// Answers a letter if the chain and a relay can be reached.
async fn try_respond(
    key: &MessageKey,
    transport: &dyn Transport,
    responder: &impl Responder,
    delivery: &Delivery,
) -> Result<(), MessageError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    fail_point("letter", "decided");
    let Some(reply) = responder.reply(delivery, now).await? else { return Ok(()) };
    fail_point("letter", "remembered");
    transport.publish(&seal(key, delivery.sender, &reply)?).await
}
