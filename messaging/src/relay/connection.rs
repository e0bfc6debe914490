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

use super::hub::{Hub, Parcel, Queue, Taken};
use super::limits::Limits;
use super::login::Login;
use super::rules::{MESSAGE_LIMIT, Refusal, keys, refused};

/// How many wraps wait to be sent.
const QUEUE: usize = 256;

/// How many seconds' worth of messages may come at once.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// How many messages in a row may be nonsense or too many.
const STRIKES: u32 = 32;

/// How many silent heartbeats mean that somebody is gone.
const SILENCE: u32 = 3;

/// The connection is of no more use.
struct Gone;

/// A subscription: its name, and its keys.
type Subscription = (Arc<SubscriptionId>, Vec<PublicKey>);

/// See the module.
pub(super) struct Connection {
    /// The stranger.
    socket: WebSocketStream<TcpStream>,
    /// Proofs, where they are wanted.
    login: Option<Login>,
    /// What is allowed.
    limits: Limits,
    /// How much it says.
    rate: DefaultDirectRateLimiter,
    /// Messages in a row that were nonsense or too many.
    strikes: u32,
    /// What all connections share.
    hub: Arc<Hub>,
    /// What it waits for, by name.
    subscriptions: HashMap<SubscriptionId, Subscription>,
    /// Where its wraps are put.
    queue: Queue,
    /// Where they come out.
    parcels: mpsc::Receiver<Parcel>,
}

impl Connection {
    /// Shakes hands; `None` if the other side does not in time.
    pub(super) async fn open(
        socket: TcpStream,
        login: Option<Login>,
        limits: Limits,
        hub: Arc<Hub>,
    ) -> Option<Self> {
        // A failure costs speed only.
        drop(socket.set_nodelay(true));
        let config = WebSocketConfig::default()
            .read_buffer_size(8 << 10)
            .write_buffer_size(0)
            .max_write_buffer_size(MESSAGE_LIMIT.saturating_mul(2))
            .max_message_size(Some(MESSAGE_LIMIT))
            .max_frame_size(Some(MESSAGE_LIMIT));
        let accepted = accept_async_with_config(socket, Some(config));
        let socket = timeout(limits.patience, accepted).await.ok()?.ok()?;
        let burst = limits.rate.saturating_mul(BURST);
        let rate = RateLimiter::direct(Quota::per_second(limits.rate).allow_burst(burst));
        let (queue, parcels) = Queue::new(QUEUE);
        let subscriptions = HashMap::new();
        Some(Self { socket, login, limits, rate, strikes: 0, hub, subscriptions, queue, parcels })
    }

    /// Serves until the other side is gone, or not worth it.
    pub(super) async fn run(mut self) {
        // The reason why it ends is nobody's business.
        let Err(Gone) = self.serve().await else { return };
        let (socket, patience) = (&mut self.socket, self.limits.patience);
        drop(timeout(patience, socket.close(None)).await);
    }

    /// See [`Self::run`].
    async fn serve(&mut self) -> Result<(), Gone> {
        if let Some(login) = &self.login {
            let message = RelayMessage::auth(login.challenge());
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
                    self.hear(message.ok_or(Gone)?.map_err(|_| Gone)?).await?;
                }
                Some((subscription, id)) = self.parcels.recv() => {
                    self.deliver(&subscription, &id).await?;
                }
                _ = heartbeat.tick() => {
                    silence = silence.saturating_add(1);
                    if silence > SILENCE {
                        return Err(Gone);
                    }
                    self.push(Message::Ping(Vec::new().into())).await?;
                }
            }
            if self.queue.is_overrun() || self.strikes > STRIKES {
                return Err(Gone);
            }
        }
    }

    /// Takes a message.
    async fn hear(&mut self, message: Message) -> Result<(), Gone> {
        if self.rate.check().is_err() {
            self.strikes = self.strikes.saturating_add(1);
            return self.hold_back(&message).await;
        }
        let Message::Text(text) = message else {
            return match message {
                Message::Close(_) => Err(Gone),
                Message::Binary(_) => self.complain().await,
                _ => Ok(()),
            };
        };
        let Ok(message) = ClientMessage::from_json(text.as_str()) else {
            return self.complain().await;
        };
        self.strikes = 0;
        match message {
            ClientMessage::Event(wrap) => self.keep(wrap.into_owned()).await,
            ClientMessage::Req { subscription_id, filters } => {
                let filters = filters.into_iter().map(Cow::into_owned).collect();
                self.subscribe(subscription_id.into_owned(), filters).await
            }
            ClientMessage::Close(name) => {
                self.unsubscribe(&name);
                Ok(())
            }
            ClientMessage::Auth(proof) => self.prove(&proof).await,
            _ => self.complain().await,
        }
    }

    /// Takes a wrap.
    async fn keep(&mut self, wrap: Event) -> Result<(), Gone> {
        let id = wrap.id;
        let (status, message) = match self.hub.put(wrap) {
            Ok(Taken::New) => (true, ""),
            Ok(Taken::Known) => (true, "duplicate: it is here"),
            Err(refusal) => (false, refused(refusal)),
        };
        self.send(&RelayMessage::ok(id, status, message)).await
    }

    /// Sends what is kept for a subscription, and from now on what comes.
    async fn subscribe(&mut self, name: SubscriptionId, filters: Vec<Filter>) -> Result<(), Gone> {
        self.unsubscribe(&name);
        let keys = match self.admit(&name, &filters) {
            Ok(keys) => keys,
            Err(refusal) => {
                return self.send(&RelayMessage::closed(name, refused(refusal))).await;
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
    fn admit(&self, name: &SubscriptionId, filters: &[Filter]) -> Result<Vec<PublicKey>, Refusal> {
        let keys = keys(name, filters)?;
        if self.subscriptions.len() >= self.limits.subscriptions {
            return Err("restricted: too many subscriptions");
        }
        if self.login.as_ref().is_some_and(|login| !login.has(&keys)) {
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
    async fn deliver(&mut self, subscription: &SubscriptionId, id: &EventId) -> Result<(), Gone> {
        let Some(wrap) = self.hub.get(id) else { return Ok(()) };
        let (subscription_id, event) = (Cow::Borrowed(subscription), Cow::Borrowed(&*wrap));
        self.send(&RelayMessage::Event { subscription_id, event }).await
    }

    /// Takes a proof that the other side holds a key.
    async fn prove(&mut self, proof: &Event) -> Result<(), Gone> {
        let proven = self.login.as_mut().map_or(Ok(()), |login| login.prove(proof));
        let (status, message) = (proven.is_ok(), proven.err().map(refused).unwrap_or_default());
        self.send(&RelayMessage::ok(proof.id, status, message)).await
    }

    /// Says that a message is not understood.
    async fn complain(&mut self) -> Result<(), Gone> {
        self.strikes = self.strikes.saturating_add(1);
        self.send(&RelayMessage::notice(refused("invalid: not understood"))).await
    }

    /// Says that there are too many messages, by the name of this one if it has one.
    async fn hold_back(&mut self, message: &Message) -> Result<(), Gone> {
        let refusal = refused("rate-limited: slower, please");
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
    async fn send(&mut self, message: &RelayMessage<'_>) -> Result<(), Gone> {
        self.push(Message::text(message.as_json())).await
    }

    /// Sends a frame, if the other side takes it in time.
    async fn push(&mut self, frame: Message) -> Result<(), Gone> {
        let sent = timeout(self.limits.patience, self.socket.send(frame)).await;
        sent.map_err(|_| Gone)?.map_err(|_| Gone)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        for (subscription, keys) in self.subscriptions.values() {
            self.hub.unsubscribe(subscription, keys);
        }
    }
}
