//! Asking by letter: every reply finds the one who waits for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256};
use muster_messaging::{
    Content, Delivery, Mailbox, Message, MessageError, MessageKey, RefusalReason, ReplayGuard,
    Transport, seal,
};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// The letters of one key.
#[derive(Debug)]
pub(crate) struct Letters {
    /// Whose they are.
    key: MessageKey,
    /// The way out.
    transport: Arc<dyn Transport>,
    /// Who waits for a reply, by the request's nonce.
    waiting: Arc<Waiting>,
    /// What reads, until this is dropped.
    _reader: JoinSet<()>,
}

/// Requests without a reply yet.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<B256, Asked>>);

/// A request.
#[derive(Debug)]
struct Asked {
    /// Who is to answer.
    receiver: B256,
    /// What was asked.
    letter: Message,
    /// Where the answer goes.
    reply: oneshot::Sender<Content>,
}

impl Waiting {
    /// Notes a request.
    fn add(&self, asked: Asked) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert(asked.letter.nonce, asked);
    }

    /// Takes a request away.
    fn remove(&self, nonce: B256) -> Option<Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&nonce)
    }

    /// Hands a delivery to whoever waits for it; all others are nobody's.
    fn hand_over(&self, delivery: Delivery) {
        let nonce = delivery.message.nonce;
        let Some(asked) = self.remove(nonce) else { return };
        if delivery.is_reply_to(asked.receiver, &asked.letter) {
            // Whoever asked may have given up meanwhile.
            drop(asked.reply.send(delivery.message.content));
        } else {
            self.add(asked);
        }
    }
}

/// Forgets a request when nobody waits for its answer any longer.
struct Forget<'a>(&'a Waiting, B256);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

impl Letters {
    /// Opens the post box of a key.
    ///
    /// # Errors
    /// [`MessageError::Ended`].
    pub(crate) async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        seen: Arc<dyn ReplayGuard>,
    ) -> Result<Self, MessageError> {
        let mut post_box = Mailbox::open(key.clone(), transport.clone(), seen).await?;
        let waiting = Arc::<Waiting>::default();
        let (mut reader, readers) = (JoinSet::new(), waiting.clone());
        reader.spawn(async move {
            loop {
                match post_box.next().await {
                    Ok(delivery) => readers.hand_over(delivery),
                    Err(MessageError::TransportClosed) => return,
                    Err(error) => tracing::warn!("a letter is lost: {error}"),
                }
            }
        });
        Ok(Self { key, transport, waiting, _reader: reader })
    }

    /// The key that they belong to.
    pub(crate) fn key(&self) -> B256 {
        self.key.public()
    }

    /// Sends a request and waits for the reply to it, for as long as the caller does.
    ///
    /// # Errors
    /// Those of [`seal`] and [`Transport::publish`].
    pub(crate) async fn ask(
        &self,
        receiver: B256,
        letter: Message,
    ) -> Result<Content, MessageError> {
        let wrap = seal(&self.key, receiver, &letter)?;
        let (reply, answered) = oneshot::channel();
        let _forget = Forget(&self.waiting, letter.nonce);
        self.waiting.add(Asked { receiver, letter, reply });
        self.transport.publish(&wrap).await?;
        answered.await.map_err(|_| MessageError::TransportClosed)
    }

    /// Sends a letter to this key itself, and returns when it has come back: then letters get out and in.
    ///
    /// # Errors
    /// As [`Letters::ask`].
    pub(crate) async fn echo(&self, chain_id: u64, agreement: Address) -> Result<(), MessageError> {
        let content = Content::Refusal { reason: RefusalReason::NotMine };
        self.ask(self.key(), Message::request(chain_id, agreement, content)).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloy::primitives::Address;
    use muster_messaging::{
        Content, InMemoryReplayGuard, InMemoryTransport, Mailbox, Message, MessageKey,
        RefusalReason, Transport,
    };
    use tokio::select;

    use super::Letters;

    /// The letters of a fresh key.
    async fn letters(transport: &Arc<InMemoryTransport>) -> Letters {
        let seen = Arc::new(InMemoryReplayGuard::new(64));
        Letters::open(MessageKey::random(), transport.clone(), seen).await.unwrap()
    }

    /// A request that is always the same but for its nonce.
    fn request() -> Message {
        let key = MessageKey::random().public();
        Message::request(7, Address::ZERO, Content::PassRequest { window: 0, place: 1, key })
    }

    #[tokio::test]
    async fn replies_find_who_asked_in_any_order() {
        let transport = Arc::new(InMemoryTransport::default());
        let ours = letters(&transport).await;
        let seen = Arc::new(InMemoryReplayGuard::new(64));
        let mut theirs =
            Mailbox::open(MessageKey::random(), transport.clone(), seen).await.unwrap();
        let (worker, reasons) = (theirs.key(), [RefusalReason::NoSeat, RefusalReason::PassGiven]);
        let answers = async {
            let asked = [theirs.next().await.unwrap(), theirs.next().await.unwrap()];
            for (asked, reason) in asked.iter().zip(reasons).rev() {
                let reply = asked.message.reply(Content::Refusal { reason });
                theirs.send(asked.sender, &reply).await.unwrap();
            }
        };
        let (first, second) = (ours.ask(worker, request()), ours.ask(worker, request()));
        let (first, second, ()) = tokio::join!(first, second, answers);
        let [a, b] = reasons.map(|reason| Content::Refusal { reason });
        assert_eq!((first.unwrap(), second.unwrap()), (a, b));
        assert!(ours.waiting.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn nobody_else_can_answer() {
        let transport = Arc::new(InMemoryTransport::default());
        let (ours, stranger) = (letters(&transport).await, letters(&transport).await);
        let request = request();
        let forged = request.reply(Content::Refusal { reason: RefusalReason::NotMine });
        let forging = async {
            let wrap = muster_messaging::seal(&stranger.key, ours.key(), &forged).unwrap();
            transport.publish(&wrap).await.unwrap();
            ours.echo(7, Address::ZERO).await.unwrap();
        };
        select! {
            biased;
            reply = ours.ask(MessageKey::random().public(), request) => panic!("{reply:?}"),
            () = forging => {}
        }
        assert!(ours.waiting.0.lock().unwrap().is_empty(), "who gave up is forgotten");
    }
}
