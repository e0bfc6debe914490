//! Requests by message: each reply reaches the caller that waits for it.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, B256};
use muster_messaging::{
    Content, Delivery, InMemoryReplayGuard, Mailbox, Message, MessageError, MessageKey,
    RefusalReason, ReplayGuard, Transport, seal,
};
use tokio::sync::oneshot;
use tokio::time::{Duration, timeout};
use tokio_util::task::AbortOnDropHandle;

/// The timeout of a reply to a message.
pub(crate) const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// Messages to a fresh key that are remembered, so that repetitions are ignored.
const REPLAY_GUARD_CAPACITY: usize = 64;

/// Takes messages that are no replies.
pub(crate) trait Listener: Debug + Send + Sync {
    /// Takes a message. It must not wait.
    fn receive(&self, delivery: Delivery);
}

/// Sends requests under one key, and receives the replies. The task that reads the mailbox ends when this is dropped.
#[derive(Debug)]
pub(crate) struct RequestClient {
    /// The key that requests are sent under.
    key: MessageKey,
    /// Where requests are published.
    transport: Arc<dyn Transport>,
    /// The requests that have no reply yet, by nonce.
    pending: Arc<PendingRequests>,
    /// Reads the mailbox.
    _reader: AbortOnDropHandle<()>,
}

/// The requests that have no reply yet.
#[derive(Debug, Default)]
struct PendingRequests {
    /// The requests, by nonce.
    requests: Mutex<HashMap<B256, PendingRequest>>,
    /// Takes messages that are no replies; without it, they are dropped.
    listener: Option<Arc<dyn Listener>>,
}

/// A request without a reply.
#[derive(Debug)]
struct PendingRequest {
    /// The key that it was sent to.
    receiver: B256,
    /// The request.
    message: Message,
    /// Takes the reply to the caller.
    reply_sender: oneshot::Sender<Content>,
}

impl PendingRequests {
    /// Adds a request.
    fn add(&self, request: PendingRequest) {
        let mut pending = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        pending.insert(request.message.nonce, request);
    }

    /// Removes a request.
    fn remove(&self, nonce: B256) -> Option<PendingRequest> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).remove(&nonce)
    }

    /// Hands a reply to the caller that waits for it, and drops every other.
    fn deliver(&self, delivery: Delivery) {
        if delivery.message.is_request() {
            if let Some(listener) = &self.listener {
                listener.receive(delivery);
            }
            return;
        }
        let Some(request) = self.remove(delivery.message.nonce) else { return };
        if delivery.is_reply_to(request.receiver, &request.message) {
            // The caller may have given up meanwhile.
            drop(request.reply_sender.send(delivery.message.content));
        } else {
            self.add(request);
        }
    }
}

/// Removes a request when its caller gets the reply or gives up.
struct PendingGuard<'a>(&'a PendingRequests, B256);

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

impl RequestClient {
    /// Opens the mailbox of a fresh key. It replaces any other that was open for the key.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    pub(crate) async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, MessageError> {
        let replay_guard = Arc::new(InMemoryReplayGuard::new(REPLAY_GUARD_CAPACITY));
        Self::open_with(key, transport, replay_guard, None).await
    }

    /// As [`RequestClient::open`], for a key that may have got messages before. What is no reply goes to the `listener`.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    pub(crate) async fn open_with(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        replay_guard: Arc<dyn ReplayGuard>,
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Self, MessageError> {
        let mut mailbox = Mailbox::open(key.clone(), transport.clone(), replay_guard).await?;
        let pending = Arc::new(PendingRequests { listener, ..PendingRequests::default() });
        let receivers = pending.clone();
        let reader = tokio::spawn(async move {
            loop {
                match mailbox.next().await {
                    Ok(delivery) => receivers.deliver(delivery),
                    Err(MessageError::TransportClosed) => return,
                    Err(error) => tracing::warn!(%error, "incoming message dropped"),
                }
            }
        });
        Ok(Self { key, transport, pending, _reader: AbortOnDropHandle::new(reader) })
    }

    /// The public key that requests are sent under.
    pub(crate) fn key(&self) -> B256 {
        self.key.public()
    }

    /// Sends a request once, and waits for its reply without a timeout. Requests can overlap: each gets its own reply.
    /// Dropping the future gives the request up.
    ///
    /// # Errors
    /// Those of [`seal`] and [`Transport::publish`].
    pub(crate) async fn request(
        &self,
        receiver: B256,
        message: Message,
    ) -> Result<Content, MessageError> {
        let wrap = seal(&self.key, receiver, &message)?;
        let (reply_sender, reply) = oneshot::channel();
        let _guard = PendingGuard(&self.pending, message.nonce);
        self.pending.add(PendingRequest { receiver, message, reply_sender });
        self.transport.publish(&wrap).await?;
        reply.await.map_err(|_| MessageError::TransportClosed)
    }

    /// Sends a message that has no reply, once.
    ///
    /// # Errors
    /// Those of [`seal`] and [`Transport::publish`].
    pub(crate) async fn send(&self, receiver: B256, message: &Message) -> Result<(), MessageError> {
        self.transport.publish(&seal(&self.key, receiver, message)?).await
    }
}

/// Whether messages are sent and received at the moment: one from a fresh key to itself comes back in time. Nobody else
/// knows that key, so nobody can tell who sent the message, or hold it up among others to the key. Testers and clients ask
/// this after a request that failed.
pub(crate) async fn is_connected(
    transport: Arc<dyn Transport>,
    chain_id: u64,
    agreement: Address,
) -> bool {
    let ping = async {
        let client = RequestClient::open(MessageKey::random(), transport).await?;
        let content = Content::Refusal { reason: RefusalReason::NotMine };
        client.request(client.key(), Message::request(chain_id, agreement, content)).await
    };
    matches!(timeout(REPLY_TIMEOUT, ping).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use muster_messaging::InMemoryTransport;
    use tokio::select;

    use super::*;

    /// A client under a fresh key.
    async fn request_client(transport: &Arc<InMemoryTransport>) -> RequestClient {
        RequestClient::open(MessageKey::random(), transport.clone()).await.unwrap()
    }

    /// A request; two of them differ in nonce and key.
    fn request() -> Message {
        let key = MessageKey::random().public();
        Message::request(7, Address::ZERO, Content::PassRequest { window: 0, place: 1, key })
    }

    #[tokio::test]
    async fn replies_are_matched_to_requests_in_any_order() {
        let transport = Arc::new(InMemoryTransport::default());
        let client = request_client(&transport).await;
        let replay_guard = Arc::new(InMemoryReplayGuard::new(64));
        let mut mailbox =
            Mailbox::open(MessageKey::random(), transport.clone(), replay_guard).await.unwrap();
        let (worker, reasons) = (mailbox.key(), [RefusalReason::NoSeat, RefusalReason::PassGiven]);
        let replies = async {
            let requests = [mailbox.next().await.unwrap(), mailbox.next().await.unwrap()];
            for (request, reason) in requests.iter().zip(reasons).rev() {
                let reply = request.message.reply(Content::Refusal { reason });
                mailbox.send(request.sender, &reply).await.unwrap();
            }
        };
        let (first, second) =
            (client.request(worker, request()), client.request(worker, request()));
        let (first, second, ()) = tokio::join!(first, second, replies);
        let [a, b] = reasons.map(|reason| Content::Refusal { reason });
        assert_eq!((first.unwrap(), second.unwrap()), (a, b));
        assert!(client.pending.requests.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn reply_from_another_key_is_ignored() {
        let transport = Arc::new(InMemoryTransport::default());
        let (client, other) = (request_client(&transport).await, request_client(&transport).await);
        let request = request();
        let forged = request.reply(Content::Refusal { reason: RefusalReason::NotMine });
        let forging = async {
            let wrap = seal(&other.key, client.key(), &forged).unwrap();
            transport.publish(&wrap).await.unwrap();
            // When this comes back, the forged reply was read.
            let content = Content::Refusal { reason: RefusalReason::NotMine };
            let ping = Message::request(7, Address::ZERO, content);
            client.request(client.key(), ping).await.unwrap();
        };
        select! {
            biased;
            reply = client.request(MessageKey::random().public(), request) => panic!("{reply:?}"),
            () = forging => {}
        }
        assert!(
            client.pending.requests.lock().unwrap().is_empty(),
            "a request that is given up is removed"
        );
    }
}
