//! One connection: reads a stranger's messages, answers them, and sends what they wait for.

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
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

use super::auth::Nip42Auth;
use super::hub::{Hub, OutgoingEvent, OutgoingQueue, PutOutcome};
use super::limits::Limits;
use super::policy::{FRAME_LIMIT, RejectReason, count_rejection, subscription_keys};

/// How many wraps wait to be sent.
const QUEUE_CAPACITY: usize = 256;

/// How many seconds' worth of messages may come at once.
const BURST_SECONDS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How many messages in a row may be nonsense or too many.
const MAX_STRIKES: u32 = 32;

/// How many silent heartbeats mean that somebody is gone.
const MAX_MISSED_HEARTBEATS: u32 = 3;

/// The connection is of no more use.
struct Disconnected;

/// A subscription: its name, and its keys.
type Subscription = (Arc<SubscriptionId>, Vec<PublicKey>);

/// See the module.
pub(super) struct Connection {
    /// The stranger.
    socket: WebSocketStream<TcpStream>,
    /// Proofs, where they are wanted.
    auth: Option<Nip42Auth>,
    /// What is allowed.
    limits: Limits,
    /// How much it says.
    rate_limiter: DefaultDirectRateLimiter,
    /// Messages in a row that were nonsense or too many.
    strikes: u32,
    /// What all connections share.
    hub: Arc<Hub>,
    /// What it waits for, by name.
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// Where its wraps are put.
    queue: OutgoingQueue,
    /// Where they come out.
    outgoing: mpsc::Receiver<OutgoingEvent>,
}

impl Connection {
    /// Shakes hands; `None` if the other side does not in time.
    pub(super) async fn open(
        socket: TcpStream,
        auth: Option<Nip42Auth>,
        limits: Limits,
        hub: Arc<Hub>,
    ) -> Option<Self> {
        // A failure costs speed only.
        drop(socket.set_nodelay(true));
        let config = WebSocketConfig::default()
            .read_buffer_size(8 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(FRAME_LIMIT.saturating_mul(2))
            .max_message_size(Some(FRAME_LIMIT))
            .max_frame_size(Some(FRAME_LIMIT));
        let accepted = accept_async_with_config(socket, Some(config));
        let socket = timeout(limits.io_timeout, accepted).await.ok()?.ok()?;
        let burst = limits.messages_per_second.saturating_mul(BURST_SECONDS);
        let rate_limiter =
            RateLimiter::direct(Quota::per_second(limits.messages_per_second).allow_burst(burst));
        let (queue, outgoing) = OutgoingQueue::new(QUEUE_CAPACITY);
        let subscriptions = HashMap::new();
        Some(Self {
            socket,
            auth,
            limits,
            rate_limiter,
            strikes: 0,
            hub,
            subscriptions,
            queue,
            outgoing,
        })
    }

    /// Serves until the other side is gone, or not worth it.
    pub(super) async fn run(mut self) {
        // The reason why it ends is nobody's business.
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
        let mut silence = 0_u32;
        loop {
            tokio::select! {
                message = self.socket.next() => {
                    silence = 0;
                    self.handle_message(message.ok_or(Disconnected)?.map_err(|_| Disconnected)?).await?;
                }
                Some((subscription, id)) = self.outgoing.recv() => {
                    self.deliver(&subscription, &id).await?;
                }
                _ = heartbeat.tick() => {
                    silence = silence.saturating_add(1);
                    if silence > MAX_MISSED_HEARTBEATS {
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

    /// Takes a message.
    async fn handle_message(&mut self, message: Message) -> Result<(), Disconnected> {
        if self.rate_limiter.check().is_err() {
            self.strikes = self.strikes.saturating_add(1);
            return self.reject_rate_limited(&message).await;
        }
        let Message::Text(text) = message else {
            return match message {
                Message::Close(_) => Err(Disconnected),
                Message::Binary(_) => self.reject_invalid().await,
                _ => Ok(()),
            };
        };
        let Ok(message) = ClientMessage::from_json(text.as_str()) else {
            return self.reject_invalid().await;
        };
        self.strikes = 0;
        match message {
            ClientMessage::Event(wrap) => self.handle_event(wrap.into_owned()).await,
            ClientMessage::Req { subscription_id, filters } => {
                let filters = filters.into_iter().map(Cow::into_owned).collect();
                self.subscribe(subscription_id.into_owned(), filters).await
            }
            ClientMessage::Close(name) => {
                self.unsubscribe(&name);
                Ok(())
            }
            ClientMessage::Auth(proof) => self.handle_auth(&proof).await,
            _ => self.reject_invalid().await,
        }
    }

    /// Takes a wrap.
    async fn handle_event(&mut self, wrap: Event) -> Result<(), Disconnected> {
        let id = wrap.id;
        let (status, message) = match self.hub.put(wrap) {
            Ok(PutOutcome::Stored) => (true, ""),
            Ok(PutOutcome::Duplicate) => (true, "duplicate: it is here"),
            Err(refusal) => (false, count_rejection(refusal)),
        };
        self.send(&RelayMessage::ok(id, status, message)).await
    }

    /// Sends what is kept for a subscription, and from now on what comes.
    async fn subscribe(
        &mut self,
        name: SubscriptionId,
        filters: Vec<Filter>,
    ) -> Result<(), Disconnected> {
        self.unsubscribe(&name);
        let keys = match self.authorize_subscription(&name, &filters) {
            Ok(keys) => keys,
            Err(refusal) => {
                return self.send(&RelayMessage::closed(name, count_rejection(refusal))).await;
            }
        };
        let id = Arc::new(name.clone());
        let kept = self.hub.subscribe(id.clone(), &keys, filters, &self.queue);
        self.subscriptions.insert(name, (id.clone(), keys));
        for wrap in kept {
            self.deliver(&id, &wrap).await?;
        }
        self.send(&RelayMessage::EndOfStoredEvents(Cow::Borrowed(&*id))).await
    }

    /// The keys of a subscription, if it may be had.
    fn authorize_subscription(
        &self,
        name: &SubscriptionId,
        filters: &[Filter],
    ) -> Result<Vec<PublicKey>, RejectReason> {
        let keys = subscription_keys(name, filters)?;
        if self.subscriptions.len() >= self.limits.subscriptions {
            return Err("restricted: too many subscriptions");
        }
        if self.auth.as_ref().is_some_and(|auth| !auth.has_proven(&keys)) {
            return Err("auth-required: prove that you hold these keys");
        }
        Ok(keys)
    }

    /// Ends a subscription, if there is one of this name.
    fn unsubscribe(&mut self, name: &SubscriptionId) {
        if let Some((subscription, keys)) = self.subscriptions.remove(name) {
            self.hub.unsubscribe(&subscription, &keys);
        }
    }

    /// Sends a wrap, if it is still kept.
    async fn deliver(
        &mut self,
        subscription: &SubscriptionId,
        id: &EventId,
    ) -> Result<(), Disconnected> {
        let Some(wrap) = self.hub.get(id) else { return Ok(()) };
        let (subscription_id, event) = (Cow::Borrowed(subscription), Cow::Borrowed(&*wrap));
        self.send(&RelayMessage::Event { subscription_id, event }).await
    }

    /// Takes a proof that the other side holds a key.
    async fn handle_auth(&mut self, proof: &Event) -> Result<(), Disconnected> {
        let proven = self.auth.as_mut().map_or(Ok(()), |auth| auth.verify(proof));
        let (status, message) =
            (proven.is_ok(), proven.err().map(count_rejection).unwrap_or_default());
        self.send(&RelayMessage::ok(proof.id, status, message)).await
    }

    /// Says that a message is not understood.
    async fn reject_invalid(&mut self) -> Result<(), Disconnected> {
        self.strikes = self.strikes.saturating_add(1);
        self.send(&RelayMessage::notice(count_rejection("invalid: not understood"))).await
    }

    /// Says that there are too many messages, by the name of this one if it has one.
    async fn reject_rate_limited(&mut self, message: &Message) -> Result<(), Disconnected> {
        let refusal = count_rejection("rate-limited: slower, please");
        let Message::Text(text) = message else { return Ok(()) };
        match ClientMessage::from_json(text.as_str()) {
            Ok(ClientMessage::Event(wrap)) => {
                self.send(&RelayMessage::ok(wrap.id, false, refusal)).await
            }
            Ok(ClientMessage::Req { subscription_id, .. }) => {
                let name = subscription_id.into_owned();
                self.send(&RelayMessage::closed(name, refusal)).await
            }
            _ => self.send(&RelayMessage::notice(refusal)).await,
        }
    }

    /// Sends a message.
    async fn send(&mut self, message: &RelayMessage<'_>) -> Result<(), Disconnected> {
        self.send_frame(Message::text(message.as_json())).await
    }

    /// Sends a frame, if the other side takes it in time.
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
