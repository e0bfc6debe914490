//! The link to one relay: connects, subscribes, sends, proves keys, and begins anew when it is cut.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nostr::event::{Event, EventId, FinalizeEvent, IntoEventBuilder, Kind};
use nostr::filter::Filter;
use nostr::key::PublicKey;
use nostr::message::{ClientMessage, MachineReadablePrefix, RelayMessage, SubscriptionId};
use nostr::nips::nip42::ClientAuthentication;
use nostr::types::{RelayUrl, Timestamp};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep};
use tracing::{debug, info, warn};

use super::RelayStatus;
use super::inboxes::Inboxes;
use super::send_queue::{PublishOutcome, SendQueue};
use super::websocket::{Disconnected, Socket};
use crate::envelope::{MAX_CLOCK_SKEW, MAX_TIMESTAMP_TWEAK, MESSAGE_TTL};
use crate::keys::MessageKey;

/// The pause before connecting again, which doubles until it works.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

/// The longest pause.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// How often a relay is asked for a sign of life.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// How many silent heartbeats mean that the connection is dead.
const MAX_MISSED_HEARTBEATS: u32 = 3;

/// See the module.
pub(super) struct RelayConnection {
    /// Which of the relays it is: what logs call it, as an address does not belong there.
    index: usize,
    /// Where the relay is.
    url: RelayUrl,
    /// What it has not taken yet.
    queue: Mutex<SendQueue>,
    /// Says that there is more in the outbox.
    queue_changed: Notify,
    /// Whether it is connected.
    is_connected: AtomicBool,
}

impl Debug for RelayConnection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayConnection")
            .field("index", &self.index)
            .field("is_connected", &self.is_connected)
            .finish_non_exhaustive()
    }
}

/// What is under way on one connection.
struct RelaySession {
    /// The connection.
    socket: Socket,
    /// Which inboxes have been asked for, by their numbers.
    subscriptions: HashMap<PublicKey, u64>,
    /// What proofs of keys have to repeat, if the relay wants any.
    challenge: Option<String>,
    /// Proofs that were sent.
    pending_auths: HashSet<EventId>,
}

/// What a step was.
enum LoopEvent {
    /// The relay said something.
    Received,
    /// Something was said to it.
    Sent,
    /// It was asked for a sign of life.
    Pinged,
}

impl RelayConnection {
    /// A link that is not up yet.
    pub(super) fn new(index: usize, url: RelayUrl) -> Self {
        Self {
            index,
            url,
            queue: Mutex::default(),
            queue_changed: Notify::new(),
            is_connected: AtomicBool::new(false),
        }
    }

    /// How it stands.
    pub(super) fn status(&self) -> RelayStatus {
        RelayStatus {
            url: self.url.clone(),
            is_connected: self.is_connected.load(Ordering::Relaxed),
        }
    }

    /// Sends a wrap as soon as it can, and tells what the relay says to it.
    pub(super) fn send(&self, wrap: Arc<Event>, outcomes: mpsc::Sender<PublishOutcome>) {
        self.lock_queue().push(wrap, outcomes);
        self.queue_changed.notify_one();
    }

    /// Connects for ever.
    pub(super) async fn run(self: Arc<Self>, inboxes: Arc<Inboxes>) {
        let (mut backoff, mut has_warned) = (MIN_BACKOFF, false);
        loop {
            if let Ok(socket) = Socket::connect(self.url.as_str()).await {
                self.is_connected.store(true, Ordering::Relaxed);
                info!(relay = self.index, "connected");
                let began = Instant::now();
                self.session(socket, &inboxes).await;
                // A relay that always cuts soon is not bothered again soon.
                if began.elapsed() > MAX_BACKOFF {
                    backoff = MIN_BACKOFF;
                }
                self.is_connected.store(false, Ordering::Relaxed);
                info!(relay = self.index, "cut");
                has_warned = false;
            } else if !has_warned {
                warn!(relay = self.index, "cannot be reached; is tried again and again");
                has_warned = true;
            }
            sleep(backoff).await;
            backoff = backoff.saturating_mul(2).min(MAX_BACKOFF);
        }
    }

    /// Uses a connection until it is cut.
    async fn session(&self, socket: Socket, inboxes: &Inboxes) {
        let mut session = RelaySession {
            socket,
            subscriptions: HashMap::new(),
            challenge: None,
            pending_auths: HashSet::new(),
        };
        let mut changes = inboxes.changes();
        let mut heartbeat = interval(HEARTBEAT_INTERVAL);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silence = 0_u32;
        while silence <= MAX_MISSED_HEARTBEATS {
            match self.next_event(&mut session, inboxes, &mut changes, &mut heartbeat).await {
                Ok(LoopEvent::Received) => silence = 0,
                Ok(LoopEvent::Sent) => {}
                Ok(LoopEvent::Pinged) => silence = silence.saturating_add(1),
                Err(Disconnected) => return,
            }
        }
    }

    /// Waits for one thing and does it. The first heartbeat comes at once, and sends what waits.
    async fn next_event(
        &self,
        session: &mut RelaySession,
        inboxes: &Inboxes,
        changes: &mut watch::Receiver<()>,
        heartbeat: &mut Interval,
    ) -> Result<LoopEvent, Disconnected> {
        tokio::select! {
            said = session.socket.receive() => {
                if let Some(message) = said? {
                    self.handle_message(session, inboxes, message).await?;
                }
                Ok(LoopEvent::Received)
            }
            // The other end is in `inboxes`.
            Ok(()) = changes.changed() => {
                session.update_subscriptions(&self.url, inboxes).await?;
                Ok(LoopEvent::Sent)
            }
            () = self.queue_changed.notified() => {
                self.flush_queue(session).await?;
                Ok(LoopEvent::Sent)
            }
            _ = heartbeat.tick() => {
                session.socket.ping().await?;
                inboxes.retry_overflowed();
                session.update_subscriptions(&self.url, inboxes).await?;
                self.lock_queue().mark_all_unsent();
                self.flush_queue(session).await?;
                Ok(LoopEvent::Pinged)
            }
        }
    }

    /// Sends everything that was not sent.
    async fn flush_queue(&self, session: &mut RelaySession) -> Result<(), Disconnected> {
        loop {
            let next = self.lock_queue().next();
            let Some(wrap) = next else { return Ok(()) };
            session.socket.send(&ClientMessage::Event(Cow::Borrowed(&*wrap))).await?;
        }
    }

    /// Does what follows from a relay's words.
    async fn handle_message(
        &self,
        session: &mut RelaySession,
        inboxes: &Inboxes,
        message: RelayMessage<'static>,
    ) -> Result<(), Disconnected> {
        match message {
            RelayMessage::Event { event, .. } => inboxes.deliver(event.into_owned()),
            RelayMessage::Ok { event_id, status, message } => {
                if !session.pending_auths.remove(&event_id) {
                    self.handle_ok(event_id, status, &message);
                } else if status {
                    // Now it answers what it refused before.
                    session.update_subscriptions(&self.url, inboxes).await?;
                    self.lock_queue().mark_all_unsent();
                    self.flush_queue(session).await?;
                }
            }
            RelayMessage::Auth { challenge } => {
                session.challenge = Some(challenge.into_owned());
                session.subscriptions.clear();
                session.update_subscriptions(&self.url, inboxes).await?;
            }
            RelayMessage::Closed { subscription_id, message } => {
                debug!(relay = self.index, why = ?rejection_prefix(&message), "a subscription is refused");
                // It is asked for again after the next proof or heartbeat.
                session.subscriptions.retain(|key, _| subscription_id_of(key) != *subscription_id);
            }
            _ => {}
        }
        Ok(())
    }

    /// The relay has said what it does with a wrap. One that it may take later is sent again then.
    fn handle_ok(&self, id: EventId, status: bool, message: &str) {
        use MachineReadablePrefix::{AuthRequired, Duplicate, Error, RateLimited};
        let prefix = rejection_prefix(message);
        match prefix {
            _ if status => self.lock_queue().resolve(id, PublishOutcome::Accepted),
            Some(Duplicate) => self.lock_queue().resolve(id, PublishOutcome::Accepted),
            Some(AuthRequired | RateLimited | Error) => {}
            _ => self.lock_queue().resolve(id, PublishOutcome::Rejected),
        }
        if !status {
            debug!(relay = self.index, why = ?prefix, "a message is refused");
        }
    }

    /// The outbox, now.
    fn lock_queue(&self) -> MutexGuard<'_, SendQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RelaySession {
    /// Subscribes to what is new, and ends what nobody reads any more.
    async fn update_subscriptions(
        &mut self,
        relay: &RelayUrl,
        inboxes: &Inboxes,
    ) -> Result<(), Disconnected> {
        let active = inboxes.active_keys();
        let is_wanted =
            |asked: &PublicKey| active.iter().any(|(key, _)| key.keys().public_key() == *asked);
        let gone: Vec<_> =
            self.subscriptions.keys().filter(|key| !is_wanted(key)).copied().collect();
        for key in gone {
            self.subscriptions.remove(&key);
            self.socket.send(&ClientMessage::close(subscription_id_of(&key))).await?;
        }
        for (message_key, request_id) in active {
            let key = message_key.keys().public_key();
            if self.subscriptions.insert(key, request_id) != Some(request_id) {
                self.authenticate(relay, &message_key).await?;
                self.socket
                    .send(&ClientMessage::req(subscription_id_of(&key), wrap_filter(key)))
                    .await?;
            }
        }
        Ok(())
    }

    /// Proves that a key is held here, where the relay wants it proven.
    async fn authenticate(
        &mut self,
        relay: &RelayUrl,
        message_key: &MessageKey,
    ) -> Result<(), Disconnected> {
        let Some(challenge) = &self.challenge else { return Ok(()) };
        let proof = ClientAuthentication::new(challenge, relay.clone());
        let proof =
            proof.into_event_builder().finalize(message_key.keys()).map_err(|_| Disconnected)?;
        self.pending_auths.insert(proof.id);
        self.socket.send(&ClientMessage::auth(proof)).await
    }
}

/// What a subscription is called: its key.
fn subscription_id_of(key: &PublicKey) -> SubscriptionId {
    SubscriptionId::new(key.to_hex())
}

/// What is asked for: every wrap for a key that can still be opened.
fn wrap_filter(key: PublicKey) -> Filter {
    let life =
        MESSAGE_TTL.saturating_add(MAX_TIMESTAMP_TWEAK).saturating_add(MAX_CLOCK_SKEW).as_secs();
    let oldest = Timestamp::now().as_secs().saturating_sub(life);
    Filter::new().kind(Kind::GiftWrap).pubkey(key).since(Timestamp::from_secs(oldest))
}

/// Why a relay refuses something, as far as programs are told.
fn rejection_prefix(message: &str) -> Option<MachineReadablePrefix> {
    MachineReadablePrefix::parse(message)
}
