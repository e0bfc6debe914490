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

use crate::base::Base;
use crate::fault::point;

/// Letters that are being answered at the same time; further ones wait.
const AT_ONCE: usize = 64;

/// How often an answer is tried that the chain or all relays stand in the way of.
const ATTEMPTS: u32 = 6;

/// The pause before the second attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_secs(1);

/// Somebody who answers.
pub(crate) trait Desk: Clone + Send + Sync + 'static {
    /// The reply to a letter that came at the Unix second `now`, if it is one that is answered here.
    fn reply(
        &self,
        asked: &Delivery,
        now: u64,
    ) -> impl Future<Output = Result<Option<Message>, MessageError>> + Send;
}

impl Desk for EndpointResponder {
    async fn reply(&self, asked: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        self.respond(asked, now).await
    }
}

impl Desk for PassResponder {
    async fn reply(&self, asked: &Delivery, now: u64) -> Result<Option<Message>, MessageError> {
        self.respond(asked, now).await
    }
}

/// Answers the letters to an account until the result is dropped. A letter is answered once: who gets no
/// reply asks anew.
///
/// # Errors
/// [`MessageError::Key`], [`MessageError::Ended`].
pub(crate) async fn answer<D: Desk>(base: &Base, desk: D) -> Result<JoinSet<()>, MessageError> {
    let (key, letters) = (base.message_key()?, base.letters());
    let seen = Arc::new(base.store().clone());
    let mut post_box = Mailbox::open(key.clone(), letters.clone(), seen).await?;
    let mut clerk = JoinSet::new();
    clerk.spawn(async move {
        let mut answers = JoinSet::new();
        loop {
            match post_box.next().await {
                Ok(asked) => {
                    let (key, letters, desk) = (key.clone(), letters.clone(), desk.clone());
                    answers.spawn(async move { see_to(&key, &*letters, &desk, &asked).await });
                }
                Err(MessageError::TransportClosed) => return,
                Err(error) => tracing::warn!("a letter is lost: {error}"),
            }
            while answers.try_join_next().is_some() {}
            if answers.len() >= AT_ONCE {
                answers.join_next().await;
            }
        }
    });
    Ok(clerk)
}

/// Answers one letter.
async fn see_to(key: &MessageKey, letters: &dyn Transport, desk: &impl Desk, asked: &Delivery) {
    let mut pause = PAUSE;
    for _ in 0..ATTEMPTS {
        match attempt(key, letters, desk, asked).await {
            Ok(()) => {
                point("letter", "noted");
                return;
            }
            Err(error) => tracing::warn!("a letter is not answered yet: {error}"),
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
}

/// Answers a letter if the chain and a relay can be reached.
async fn attempt(
    key: &MessageKey,
    letters: &dyn Transport,
    desk: &impl Desk,
    asked: &Delivery,
) -> Result<(), MessageError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    point("letter", "decided");
    let Some(reply) = desk.reply(asked, now).await? else { return Ok(()) };
    point("letter", "remembered");
    letters.publish(&seal(key, asked.sender, &reply)?).await
}
