//! One connection: reads and answers a client's messages, and sends the wraps that match its subscriptions.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use futures::{SinkExt, StreamExt};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use nostr::event::{Event, EventId};
use nostr::filter::Filter;
use nostr::key::PublicKey;
use nostr::message::{ClientMessage, RelayMessage, SubscriptionId};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

use crate::auth::Nip42Auth;
use crate::hub::{Hub, OutgoingEvent, OutgoingQueue, PutOutcome};
use crate::limits::Limits;
use crate::policy::{
    FRAME_LIMIT, RejectReason, count_rejection, malformed_subscription, matches_nothing,
    subscription_keys,
};
use crate::socket::Socket;

/// How many wraps may wait to be sent.
const QUEUE_CAPACITY: usize = 256;

/// How many seconds' worth of messages a burst may have.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How many messages in a row may be invalid or beyond the rate limit.
const MAX_STRIKES: u32 = 32;

/// How many pings in a row may stay without an answer.
const MAX_MISSED_HEARTBEATS: u32 = 3;

/// The connection is closed, or must be.
struct Disconnected;

/// An open subscription: its id and its receivers.
type Subscription = (Arc<SubscriptionId>, Vec<PublicKey>);

/// A connection after its WebSocket handshake.
pub(crate) struct Connection {
    /// The client.
    socket: WebSocketStream<Socket>,
    /// The NIP-42 state, if the relay requires proofs.
    auth: Option<Nip42Auth>,
    /// The limits.
    limits: Limits,
    /// Limits the messages that the client sends.
    rate_limiter: DefaultDirectRateLimiter,
    /// Messages in a row that were invalid or beyond the rate limit.
    strikes: u32,
    /// What all connections share.
    hub: Arc<Hub>,
    /// The open subscriptions.
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// Where the hub queues wraps for this connection.
    queue: OutgoingQueue,
    /// The receiving half of `queue`.
    outgoing: mpsc::Receiver<OutgoingEvent>,
}

impl Connection {
    /// Completes the WebSocket handshake; `None` if the client does not within the timeout.
    pub(crate) async fn open(
        socket: Socket,
        auth: Option<Nip42Auth>,
        limits: Limits,
        hub: Arc<Hub>,
    ) -> Option<Self> {
        let config = WebSocketConfig::default()
            .read_buffer_size(8 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(FRAME_LIMIT.saturating_mul(2))
            .max_message_size(Some(FRAME_LIMIT))
            .max_frame_size(Some(FRAME_LIMIT));
        let accepted = accept_async_with_config(socket, Some(config));
        let socket = timeout(limits.io_timeout, accepted).await.ok()?.ok()?;
        let burst = limits.messages_per_second.saturating_mul(BURST_SECONDS);
        let quota = Quota::per_second(limits.messages_per_second).allow_burst(burst);
        let (queue, outgoing) = OutgoingQueue::new(QUEUE_CAPACITY);
        Some(Self {
            socket,
            auth,
            limits,
            rate_limiter: RateLimiter::direct(quota),
            strikes: 0,
            hub,
            subscriptions: HashMap::new(),
            queue,
            outgoing,
        })
    }

    /// Serves until the client disconnects or must be disconnected.
    pub(crate) async fn run(mut self) {
        let Err(Disconnected) = self.serve().await else { return };
        let (socket, io_timeout) = (&mut self.socket, self.limits.io_timeout);
        drop(timeout(io_timeout, socket.close(None)).await);
    }

    /// See [`Self::run`].
    async fn serve(&mut self) -> Result<(), Disconnected> {
        if let Some(auth) = &self.auth {
            let message = RelayMessage::auth(auth.challenge());
            self.send(&message).await?;
        }
        let mut heartbeat = interval(self.limits.heartbeat);
        heartbeat.reset();
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut missed_heartbeats = 0_u32;
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    missed_heartbeats = 0;
                    self.handle_message(message.ok_or(Disconnected)?.map_err(|_| Disconnected)?).await?;
                }
                Some((subscription, id)) = self.outgoing.recv() => {
                    self.deliver(&subscription, &id).await?;
                }
                _ = heartbeat.tick() => {
                    missed_heartbeats = missed_heartbeats.saturating_add(1);
                    if missed_heartbeats > MAX_MISSED_HEARTBEATS {
                        return Err(Disconnected);
                    }
                    self.send_frame(Message::Ping(Vec::new().into())).await?;
                }
            }
            if self.queue.has_overflowed() || self.strikes > MAX_STRIKES {
                return Err(Disconnected);
            }
        }
    }

    /// Handles one message of the client.
    async fn handle_message(&mut self, message: Message) -> Result<(), Disconnected> {
        if self.rate_limiter.check().is_err() {
            self.strikes = self.strikes.saturating_add(1);
            return self.reject_rate_limited(&message).await;
        }
        let Message::Text(text) = message else {
            return match message {
                Message::Close(_) => Err(Disconnected),
                Message::Binary(_) => self.reject_invalid(None).await,
                _ => Ok(()),
            };
        };
        let Ok(message) = ClientMessage::from_json(text.as_str()) else {
            return self.reject_invalid(malformed_subscription(text.as_str())).await;
        };
        self.strikes = 0;
        match message {
            ClientMessage::Event(wrap) => self.handle_event(wrap.into_owned()).await,
            ClientMessage::Req { subscription_id, filters } => {
                let filters = filters.into_iter().map(Cow::into_owned).collect();
                self.subscribe(subscription_id.into_owned(), filters).await
            }
            ClientMessage::Close(id) => {
                self.unsubscribe(&id);
                Ok(())
            }
            ClientMessage::Auth(proof) => self.handle_auth(&proof).await,
            _ => self.reject_invalid(None).await,
        }
    }

    /// Handles `EVENT`: stores a wrap.
    async fn handle_event(&mut self, wrap: Event) -> Result<(), Disconnected> {
        let id = wrap.id;
        let (accepted, message) = match self.hub.put(wrap) {
            Ok(PutOutcome::Stored) => (true, ""),
            Ok(PutOutcome::Duplicate) => (true, "duplicate: it is here"),
            Err(reason) => (false, count_rejection(reason)),
        };
        self.send(&RelayMessage::ok(id, accepted, message)).await
    }

    /// Handles `REQ`: sends the stored wraps that match, and from now on those that arrive. It replaces a
    /// subscription with the same id.
    async fn subscribe(
        &mut self,
        name: SubscriptionId,
        mut filters: Vec<Filter>,
    ) -> Result<(), Disconnected> {
        self.unsubscribe(&name);
        let keys = match self.authorize_subscription(&name, &filters) {
            Ok(keys) => keys,
            Err(reason) => {
                return self.send(&RelayMessage::closed(name, count_rejection(reason))).await;
            }
        };
        filters.retain(|filter| !matches_nothing(filter));
        let id = Arc::new(name.clone());
        let stored = self.hub.subscribe(id.clone(), &keys, filters, &self.queue);
        self.subscriptions.insert(name, (id.clone(), keys));
        for wrap in stored {
            self.deliver(&id, &wrap).await?;
        }
        self.send(&RelayMessage::EndOfStoredEvents(Cow::Borrowed(&*id))).await
    }

    /// The receivers of a subscription that the client may open.
    fn authorize_subscription(
        &self,
        id: &SubscriptionId,
        filters: &[Filter],
    ) -> Result<Vec<PublicKey>, RejectReason> {
        let keys = subscription_keys(id, filters)?;
        if self.subscriptions.len() >= self.limits.subscriptions {
            return Err("restricted: too many subscriptions");
        }
        if self.auth.as_ref().is_some_and(|auth| !auth.has_proven(&keys)) {
            return Err("auth-required: prove that you hold these keys");
        }
        Ok(keys)
    }

    /// Closes a subscription, if there is one with this id.
    fn unsubscribe(&mut self, id: &SubscriptionId) {
        if let Some((subscription, keys)) = self.subscriptions.remove(id) {
            self.hub.unsubscribe(&subscription, &keys);
        }
    }

    /// Sends a wrap, if it is still stored.
    async fn deliver(
        &mut self,
        subscription: &SubscriptionId,
        id: &EventId,
    ) -> Result<(), Disconnected> {
        let Some(wrap) = self.hub.get(id) else { return Ok(()) };
        let (subscription_id, event) = (Cow::Borrowed(subscription), Cow::Borrowed(&*wrap));
        self.send(&RelayMessage::Event { subscription_id, event }).await
    }

    /// Handles `AUTH`: verifies a NIP-42 proof. A relay that requires none accepts every proof.
    async fn handle_auth(&mut self, proof: &Event) -> Result<(), Disconnected> {
        let verified = self.auth.as_mut().map_or(Ok(()), |auth| auth.verify(proof));
        let accepted = verified.is_ok();
        let message = verified.err().map(count_rejection).unwrap_or_default();
        self.send(&RelayMessage::ok(proof.id, accepted, message)).await
    }

    /// Rejects a message that is not valid NIP-01, under the id of its subscription if it has one.
    async fn reject_invalid(&mut self, id: Option<SubscriptionId>) -> Result<(), Disconnected> {
        self.strikes = self.strikes.saturating_add(1);
        let reason = count_rejection("invalid: not understood");
        let Some(id) = id else { return self.send(&RelayMessage::notice(reason)).await };
        self.unsubscribe(&id);
        self.send(&RelayMessage::closed(id, reason)).await
    }

    /// Rejects a message beyond the rate limit, under its own id if it has one.
    async fn reject_rate_limited(&mut self, message: &Message) -> Result<(), Disconnected> {
        let reason = count_rejection("rate-limited: slower, please");
        let Message::Text(text) = message else { return Ok(()) };
        match ClientMessage::from_json(text.as_str()) {
            Ok(ClientMessage::Event(wrap)) => {
                self.send(&RelayMessage::ok(wrap.id, false, reason)).await
            }
            Ok(ClientMessage::Req { subscription_id, .. }) => {
                let id = subscription_id.into_owned();
                self.send(&RelayMessage::closed(id, reason)).await
            }
            _ => self.send(&RelayMessage::notice(reason)).await,
        }
    }

    /// Sends a message.
    async fn send(&mut self, message: &RelayMessage<'_>) -> Result<(), Disconnected> {
        self.send_frame(Message::text(message.as_json())).await
    }

    /// Sends a frame within the timeout.
    async fn send_frame(&mut self, frame: Message) -> Result<(), Disconnected> {
        let sent = timeout(self.limits.io_timeout, self.socket.send(frame)).await;
        sent.map_err(|_| Disconnected)?.map_err(|_| Disconnected)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for (subscription, keys) in self.subscriptions.values() {
            self.hub.unsubscribe(subscription, keys);
        }
    }
}
