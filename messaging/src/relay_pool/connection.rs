//! Keeps the connection to one relay: connects, handles what the relay sends, and reconnects.

use std::borrow::Cow;
use std::fmt::{self, Debug, Formatter};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nostr::event::{Event, EventId};
use nostr::message::{ClientMessage, MachineReadablePrefix, RelayMessage};
use nostr::types::RelayUrl;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tower::retry::backoff::{Backoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;
use tracing::{debug, info, warn};

use super::inboxes::Inboxes;
use super::send_queue::{PublishOutcome, SendQueue};
use super::session::RelaySession;
use super::websocket::{Disconnected, Socket};
use crate::proxy::ProxyUrl;

/// The first pause before reconnecting. It doubles with every attempt.
const MIN_BACKOFF: Duration = Duration::from_millis(100);

/// The longest pause before reconnecting. A session that lasts longer resets the backoff.
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// The part of a pause that may be added at random, so that clients do not reconnect to a restarted relay at once.
const BACKOFF_JITTER: f64 = 0.25;

/// The interval of pings.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);

/// How many pings in a row may stay without an answer.
const MAX_MISSED_HEARTBEATS: u32 = 3;

/// The status of a relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayStatus {
    /// The relay's URL.
    pub url: RelayUrl,
    /// Whether it is connected.
    pub is_connected: bool,
}

/// The connection to one relay, whether it is up or not.
pub(super) struct RelayConnection {
    /// The relay's position in the pool. Logs name the relay by it, because they must not contain addresses.
    index: usize,
    /// The relay's URL.
    url: RelayUrl,
    /// The proxy to it, if there is one.
    proxy: Option<ProxyUrl>,
    /// The wraps that the relay has not answered.
    queue: Mutex<SendQueue>,
    /// Notified when a wrap is queued.
    queue_changed: Notify,
    /// Whether the relay is connected.
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

/// What one turn of the session did.
enum LoopEvent {
    /// It received something.
    Received,
    /// It sent something.
    Sent,
    /// It sent a ping.
    Pinged,
}

impl RelayConnection {
    /// A connection that is not up yet.
    pub(super) fn new(index: usize, url: RelayUrl, proxy: Option<ProxyUrl>) -> Self {
        Self {
            index,
            url,
            proxy,
            queue: Mutex::default(),
            queue_changed: Notify::new(),
            is_connected: AtomicBool::new(false),
        }
    }

    /// The relay's status.
    pub(super) fn status(&self) -> RelayStatus {
        RelayStatus {
            url: self.url.clone(),
            is_connected: self.is_connected.load(Ordering::Relaxed),
        }
    }

    /// Queues a wrap. The relay's decision goes to `outcomes`.
    pub(super) fn send(&self, wrap: Arc<Event>, outcomes: mpsc::Sender<PublishOutcome>) {
        self.lock_queue().push(wrap, outcomes);
        self.queue_changed.notify_one();
    }

    /// Connects, and reconnects for ever.
    pub(super) async fn run(self: Arc<Self>, inboxes: Arc<Inboxes>) {
        let mut backoffs = backoffs();
        let (mut backoff, mut has_warned) = (backoffs.make_backoff(), false);
        loop {
            if let Ok(socket) = Socket::connect(self.url.as_str(), self.proxy.as_ref()).await {
                self.is_connected.store(true, Ordering::Relaxed);
                info!(relay = self.index, "relay connected");
                let began = Instant::now();
                self.run_session(socket, &inboxes).await;
                // A relay that always disconnects soon is not reconnected soon.
                if began.elapsed() > MAX_BACKOFF {
                    backoff = backoffs.make_backoff();
                }
                self.is_connected.store(false, Ordering::Relaxed);
                info!(relay = self.index, "relay disconnected");
                has_warned = false;
            } else if !has_warned {
                warn!(relay = self.index, "relay unreachable, retrying");
                has_warned = true;
            }
            backoff.next_backoff().await;
        }
    }

    /// Runs a session until the relay disconnects or stops answering.
    async fn run_session(&self, socket: Socket, inboxes: &Inboxes) {
        let mut session = RelaySession::new(socket);
        let mut changes = inboxes.changes();
        let mut heartbeat = interval(HEARTBEAT_INTERVAL);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut missed_heartbeats = 0_u32;
        while missed_heartbeats <= MAX_MISSED_HEARTBEATS {
            match self.next_event(&mut session, inboxes, &mut changes, &mut heartbeat).await {
                Ok(LoopEvent::Received) => missed_heartbeats = 0,
                Ok(LoopEvent::Sent) => {}
                Ok(LoopEvent::Pinged) => missed_heartbeats = missed_heartbeats.saturating_add(1),
                Err(Disconnected) => return,
            }
        }
    }

    /// Waits for one event and handles it. The first heartbeat comes at once, and sends what was queued before.
    async fn next_event(
        &self,
        session: &mut RelaySession,
        inboxes: &Inboxes,
        changes: &mut watch::Receiver<()>,
        heartbeat: &mut Interval,
    ) -> Result<LoopEvent, Disconnected> {
        tokio::select! {
            received = session.socket.receive() => {
                if let Some(message) = received? {
                    self.handle_message(session, inboxes, message).await?;
                }
                Ok(LoopEvent::Received)
            }
            // It fails only when `inboxes` is dropped.
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
                self.resume(session, inboxes).await?;
                Ok(LoopEvent::Pinged)
            }
        }
    }

    /// Subscribes where necessary and sends every unanswered wrap again.
    async fn resume(
        &self,
        session: &mut RelaySession,
        inboxes: &Inboxes,
    ) -> Result<(), Disconnected> {
        session.update_subscriptions(&self.url, inboxes).await?;
        self.lock_queue().mark_all_unsent();
        self.flush_queue(session).await
    }

    /// Sends every wrap that was not sent.
    async fn flush_queue(&self, session: &mut RelaySession) -> Result<(), Disconnected> {
        loop {
            let next = self.lock_queue().next();
            let Some(wrap) = next else { return Ok(()) };
            session.socket.send(&ClientMessage::Event(Cow::Borrowed(&*wrap))).await?;
        }
    }

    /// Handles one message of the relay.
    async fn handle_message(
        &self,
        session: &mut RelaySession,
        inboxes: &Inboxes,
        message: RelayMessage<'static>,
    ) -> Result<(), Disconnected> {
        match message {
            RelayMessage::Event { event, .. } => inboxes.deliver(event.into_owned()),
            RelayMessage::Ok { event_id, status, message } => {
                if !session.take_pending_auth(&event_id) {
                    self.handle_ok(event_id, status, &message);
                } else if status {
                    // The relay now accepts what it rejected for want of a proof.
                    self.resume(session, inboxes).await?;
                }
            }
            RelayMessage::Auth { challenge } => {
                session.set_challenge(challenge.into_owned());
                session.update_subscriptions(&self.url, inboxes).await?;
            }
            RelayMessage::Closed { subscription_id, message } => {
                let reason = MachineReadablePrefix::parse(&message);
                debug!(relay = self.index, ?reason, "subscription rejected");
                // The next proof or heartbeat requests it again.
                session.forget_subscription(&subscription_id);
            }
            _ => {}
        }
        Ok(())
    }

    /// Handles the relay's decision about a wrap. One that it may accept later stays in the queue.
    fn handle_ok(&self, id: EventId, accepted: bool, message: &str) {
        use MachineReadablePrefix::{AuthRequired, Duplicate, Error, RateLimited};
        let reason = MachineReadablePrefix::parse(message);
        let outcome = match reason {
            _ if accepted => Some(PublishOutcome::Accepted),
            Some(Duplicate) => Some(PublishOutcome::Accepted),
            Some(AuthRequired | RateLimited | Error) => None,
            _ => Some(PublishOutcome::Rejected),
        };
        if let Some(outcome) = outcome {
            self.lock_queue().resolve(id, outcome);
            // Another one can be sent.
            self.queue_changed.notify_one();
        }
        if !accepted {
            debug!(relay = self.index, ?reason, "message rejected");
        }
    }

    /// Locks the queue.
    fn lock_queue(&self) -> MutexGuard<'_, SendQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes the backoff of one relay.
fn backoffs() -> ExponentialBackoffMaker {
    #[expect(clippy::expect_used, reason = "the constants fulfil the conditions of `new`")]
    ExponentialBackoffMaker::new(MIN_BACKOFF, MAX_BACKOFF, BACKOFF_JITTER, HasherRng::new())
        .expect("a valid range")
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;
    use tower::retry::backoff::{Backoff, MakeBackoff};

    use super::{MAX_BACKOFF, MIN_BACKOFF, backoffs};

    #[tokio::test]
    async fn the_pause_before_reconnecting_grows_up_to_its_limit() {
        let mut backoff = backoffs().make_backoff();
        let mut pause = || {
            let now = Instant::now();
            backoff.next_backoff().deadline().saturating_duration_since(now)
        };
        let pauses: Vec<_> = (0..20).map(|_| pause()).collect();
        assert!(pauses[0] >= MIN_BACKOFF && pauses[0] < MIN_BACKOFF * 2, "{pauses:?}");
        assert!(pauses[1] >= MIN_BACKOFF * 2, "{pauses:?}");
        assert!(pauses[19] >= MAX_BACKOFF && pauses[19] < MAX_BACKOFF * 2, "{pauses:?}");
    }
}
