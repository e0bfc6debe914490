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
pub(crate) struct RequestClient {
    /// Whose they are.
    key: MessageKey,
    /// The way out.
    transport: Arc<dyn Transport>,
    /// Who waits for a reply, by the request's nonce.
    pending: Arc<PendingRequests>,
    /// What reads, until this is dropped.
    _reader: JoinSet<()>,
}

/// Requests without a reply yet.
#[derive(Debug, Default)]
struct PendingRequests(Mutex<HashMap<B256, PendingRequest>>);

/// A request.
#[derive(Debug)]
struct PendingRequest {
    /// Who is to answer.
    receiver: B256,
    /// What was asked.
    message: Message,
    /// Where the answer goes.
    reply_sender: oneshot::Sender<Content>,
}

impl PendingRequests {
    /// Notes a request.
    fn add(&self, request: PendingRequest) {
        let mut pending = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(request.message.nonce, request);
    }

    /// Takes a request away.
    fn remove(&self, nonce: B256) -> Option<PendingRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&nonce)
    }

    /// Hands a delivery to whoever waits for it; all others are nobody's.
    fn deliver(&self, delivery: Delivery) {
        let nonce = delivery.message.nonce;
        let Some(asked) = self.remove(nonce) else { return };
        if delivery.is_reply_to(asked.receiver, &asked.message) {
            // Whoever asked may have given up meanwhile.
            drop(asked.reply_sender.send(delivery.message.content));
        } else {
            self.add(asked);
        }
    }
}

/// Forgets a request when nobody waits for its answer any longer.
struct PendingGuard<'a>(&'a PendingRequests, B256);

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

impl RequestClient {
    /// Opens the post box of a key.
    ///
    /// # Errors
    /// [`MessageError::Ended`].
    pub(crate) async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        replay_guard: Arc<dyn ReplayGuard>,
    ) -> Result<Self, MessageError> {
        let mut mailbox = Mailbox::open(key.clone(), transport.clone(), replay_guard).await?;
        let pending = Arc::<PendingRequests>::default();
        let (mut reader, readers) = (JoinSet::new(), pending.clone());
        reader.spawn(async move {
            loop {
                match mailbox.next().await {
                    Ok(delivery) => readers.deliver(delivery),
                    Err(MessageError::TransportClosed) => return,
                    Err(error) => tracing::warn!("a letter is lost: {error}"),
                }
            }
        });
        Ok(Self { key, transport, pending, _reader: reader })
    }

    /// The key that they belong to.
    pub(crate) fn key(&self) -> B256 {
        self.key.public()
    }

    /// Sends a request and waits for the reply to it, for as long as the caller does.
    ///
    /// # Errors
    /// Those of [`seal`] and [`Transport::publish`].
    pub(crate) async fn request(
        &self,
        receiver: B256,
        message: Message,
    ) -> Result<Content, MessageError> {
        let wrap = seal(&self.key, receiver, &message)?;
        let (reply, answered) = oneshot::channel();
        let _forget = PendingGuard(&self.pending, message.nonce);
        self.pending.add(PendingRequest { receiver, message, reply_sender: reply });
        self.transport.publish(&wrap).await?;
        answered.await.map_err(|_| MessageError::TransportClosed)
    }

    /// Sends a letter to this key itself, and returns when it has come back: then letters get out and in.
    ///
    /// # Errors
    /// As [`Letters::ask`].
    pub(crate) async fn ping(&self, chain_id: u64, agreement: Address) -> Result<(), MessageError> {
        let content = Content::Refusal { reason: RefusalReason::NotMine };
        self.request(self.key(), Message::request(chain_id, agreement, content)).await.map(drop)
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

    use super::RequestClient;

    /// The letters of a fresh key.
    async fn request_client(transport: &Arc<InMemoryTransport>) -> RequestClient {
        let replay_guard = Arc::new(InMemoryReplayGuard::new(64));
        RequestClient::open(MessageKey::random(), transport.clone(), replay_guard).await.unwrap()
    }

    /// A request that is always the same but for its nonce.
    fn request() -> Message {
        let key = MessageKey::random().public();
        Message::request(7, Address::ZERO, Content::PassRequest { window: 0, place: 1, key })
    }

    #[tokio::test]
    async fn replies_are_matched_to_requests_in_any_order() {
        let transport = Arc::new(InMemoryTransport::default());
        let ours = request_client(&transport).await;
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
        let (first, second) = (ours.request(worker, request()), ours.request(worker, request()));
        let (first, second, ()) = tokio::join!(first, second, answers);
        let [a, b] = reasons.map(|reason| Content::Refusal { reason });
        assert_eq!((first.unwrap(), second.unwrap()), (a, b));
        assert!(ours.pending.0.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn reply_from_another_key_is_ignored() {
        let transport = Arc::new(InMemoryTransport::default());
        let (ours, stranger) = (request_client(&transport).await, request_client(&transport).await);
        let request = request();
        let forged = request.reply(Content::Refusal { reason: RefusalReason::NotMine });
        let forging = async {
            let wrap = muster_messaging::seal(&stranger.key, ours.key(), &forged).unwrap();
            transport.publish(&wrap).await.unwrap();
            ours.ping(7, Address::ZERO).await.unwrap();
        };
        select! {
            biased;
            reply = ours.request(MessageKey::random().public(), request) => panic!("{reply:?}"),
            () = forging => {}
        }
        assert!(ours.pending.0.lock().unwrap().is_empty(), "who gave up is forgotten");
    }
}
