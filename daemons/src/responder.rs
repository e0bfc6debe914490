//! Replies to incoming messages, beside the steps.

use std::future::Future;
use std::sync::Arc;

use backon::{ExponentialBuilder, Retryable};
use muster_messaging::{Delivery, Mailbox, Message, MessageError, MessageKey, Transport, seal};
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};

use crate::context::DaemonContext;
#[cfg(feature = "failpoints")]
use crate::failpoint::FailPoint;
use crate::failpoint::fail_point;
use crate::unix_time::unix_now;

/// Messages that are answered at the same time; further ones wait.
const MAX_CONCURRENT_REPLIES: usize = 64;

/// The pauses before a reply is retried, after the chain or all relays failed: 1, 2, 4, 8 and 16 seconds.
const RETRIES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_secs(1)).with_max_times(5);

/// The pause before a message is recorded again that could not be.
const RECORD_RETRY_DELAY: Duration = Duration::from_secs(1);

/// The fail points of every responder: the message is received, the reply is made, the reply is sent.
#[cfg(feature = "failpoints")]
pub(crate) const MESSAGE: FailPoint = FailPoint::new("message", &["received", "prepared", "sent"]);

/// Decides on replies.
///
/// - **Order.** Messages are answered concurrently, so replies can overtake each other; each message is delivered once.
/// - **Cancellation.** The future is dropped when the daemon ends. A message that has no reply by then is lost, and its
///   sender asks again; so state that a reply depends on is stored before this returns.
/// - **Retries.** After an error, the same delivery comes again, five times at most. The reply may then differ.
/// - **Errors.** An error means that the chain or the state file could not be asked. A refusal is a reply, not an error.
pub(crate) trait Responder: Clone + Send + Sync + 'static {
    /// The reply to a message that is received at the Unix second `now`; `None` if it is not one to reply to.
    fn reply(
        &self,
        delivery: &Delivery,
        now: u64,
    ) -> impl Future<Output = Result<Option<Message>, MessageError>> + Send;
}

/// Replies to messages to the account until the returned set is dropped. The store remembers each message that was
/// received, so none is answered twice, also after a restart: a sender that gets no reply sends a new request.
///
/// # Errors
/// [`MessageError::Key`], [`MessageError::TransportClosed`].
pub(crate) async fn spawn_responder<R: Responder>(
    context: &DaemonContext,
    responder: R,
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
                        respond(&key, &*transport, &responder, &delivery).await;
                    });
                }
                Err(MessageError::TransportClosed) => return,
                Err(error) => {
                    tracing::warn!(%error, "a message waits for the state file");
                    sleep(RECORD_RETRY_DELAY).await;
                }
            }
            while replies.try_join_next().is_some() {}
            if replies.len() >= MAX_CONCURRENT_REPLIES {
                replies.join_next().await;
            }
        }
    });
    Ok(task)
}

/// Replies to one message, with retries.
async fn respond(
    key: &MessageKey,
    transport: &dyn Transport,
    responder: &impl Responder,
    delivery: &Delivery,
) {
    let agreement = delivery.message.agreement;
    let attempt = || try_respond(key, transport, responder, delivery);
    let replied = attempt.retry(RETRIES).notify(|error, delay| {
        tracing::warn!(%agreement, %error, ?delay, "reply failed; retrying");
    });
    match replied.await {
        Ok(()) => {
            fail_point!("message/sent");
        }
        Err(error) => tracing::error!(%agreement, %error, "reply failed; giving up"),
    }
}

/// Replies to one message, in one attempt.
async fn try_respond(
    key: &MessageKey,
    transport: &dyn Transport,
    responder: &impl Responder,
    delivery: &Delivery,
) -> Result<(), MessageError> {
    fail_point!("message/received");
    let Some(reply) = responder.reply(delivery, unix_now()).await? else { return Ok(()) };
    fail_point!("message/prepared");
    transport.publish(&seal(key, delivery.sender, &reply)?).await
}
