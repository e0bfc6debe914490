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

use super::RelayState;
use super::mail::Mail;
use super::outbox::{Outbox, Verdict};
use super::wire::{Cut, Wire};
use crate::envelope::{LETTER_LIFE, SHIFT, SKEW};
use crate::keys::MessageKey;

/// The pause before connecting again, which doubles until it works.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How often a relay is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How many silent heartbeats mean that the connection is dead.
const SILENCE: u32 = 3;

/// See the module.
pub(super) struct Link {
    /// Which of the relays it is: what logs call it, as an address does not belong there.
    number: usize,
    /// Where the relay is.
    url: RelayUrl,
    /// What it has not taken yet.
    outbox: Mutex<Outbox>,
    /// Says that there is more in the outbox.
    filled: Notify,
    /// Whether it is connected.
    is_up: AtomicBool,
}

impl Debug for Link {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("number", &self.number)
            .field("is_up", &self.is_up)
            .finish_non_exhaustive()
    }
}

/// What is under way on one connection.
struct Talk {
    /// The connection.
    wire: Wire,
    /// Which inboxes have been asked for, by their numbers.
    asked: HashMap<PublicKey, u64>,
    /// What proofs of keys have to repeat, if the relay wants any.
    challenge: Option<String>,
    /// Proofs that were sent.
    proofs: HashSet<EventId>,
}

/// What a step was.
enum Step {
    /// The relay said something.
    Heard,
    /// Something was said to it.
    Said,
    /// It was asked for a sign of life.
    Knocked,
}

impl Link {
    /// A link that is not up yet.
    pub(super) fn new(number: usize, url: RelayUrl) -> Self {
        Self {
            number,
            url,
            outbox: Mutex::default(),
            filled: Notify::new(),
            is_up: AtomicBool::new(false),
        }
    }

    /// How it stands.
    pub(super) fn state(&self) -> RelayState {
        RelayState { url: self.url.clone(), is_up: self.is_up.load(Ordering::Relaxed) }
    }

    /// Sends a wrap as soon as it can, and tells what the relay says to it.
    pub(super) fn send(&self, wrap: Arc<Event>, told: mpsc::Sender<Verdict>) {
        self.outbox().push(wrap, told);
        self.filled.notify_one();
    }

    /// Connects for ever.
    pub(super) async fn keep_up(self: Arc<Self>, mail: Arc<Mail>) {
        let (mut pause, mut is_told) = (FIRST_PAUSE, false);
        loop {
            if let Ok(wire) = Wire::connect(self.url.as_str()).await {
                self.is_up.store(true, Ordering::Relaxed);
                info!(relay = self.number, "connected");
                let began = Instant::now();
                self.talk(wire, &mail).await;
                // A relay that always cuts soon is not bothered again soon.
                if began.elapsed() > LONGEST_PAUSE {
                    pause = FIRST_PAUSE;
                }
                self.is_up.store(false, Ordering::Relaxed);
                info!(relay = self.number, "cut");
                is_told = false;
            } else if !is_told {
                warn!(relay = self.number, "cannot be reached; is tried again and again");
                is_told = true;
            }
            sleep(pause).await;
            pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
        }
    }

    /// Uses a connection until it is cut.
    async fn talk(&self, wire: Wire, mail: &Mail) {
        let mut talk =
            Talk { wire, asked: HashMap::new(), challenge: None, proofs: HashSet::new() };
        let mut changes = mail.changes();
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silence = 0_u32;
        while silence <= SILENCE {
            match self.step(&mut talk, mail, &mut changes, &mut heartbeat).await {
                Ok(Step::Heard) => silence = 0,
                Ok(Step::Said) => {}
                Ok(Step::Knocked) => silence = silence.saturating_add(1),
                Err(Cut) => return,
            }
        }
    }

    /// Waits for one thing and does it. The first heartbeat comes at once, and sends what waits.
    async fn step(
        &self,
        talk: &mut Talk,
        mail: &Mail,
        changes: &mut watch::Receiver<()>,
        heartbeat: &mut Interval,
    ) -> Result<Step, Cut> {
        tokio::select! {
            said = talk.wire.hear() => {
                if let Some(message) = said? {
                    self.react(talk, mail, message).await?;
                }
                Ok(Step::Heard)
            }
            // The other end is in `mail`.
            Ok(()) = changes.changed() => {
                talk.ask(&self.url, mail).await?;
                Ok(Step::Said)
            }
            () = self.filled.notified() => {
                self.empty(talk).await?;
                Ok(Step::Said)
            }
            _ = heartbeat.tick() => {
                talk.wire.knock().await?;
                mail.make_up();
                talk.ask(&self.url, mail).await?;
                self.outbox().again();
                self.empty(talk).await?;
                Ok(Step::Knocked)
            }
        }
    }

    /// Sends everything that was not sent.
    async fn empty(&self, talk: &mut Talk) -> Result<(), Cut> {
        loop {
            let next = self.outbox().next();
            let Some(wrap) = next else { return Ok(()) };
            talk.wire.say(&ClientMessage::Event(Cow::Borrowed(&*wrap))).await?;
        }
    }

    /// Does what follows from a relay's words.
    async fn react(
        &self,
        talk: &mut Talk,
        mail: &Mail,
        message: RelayMessage<'static>,
    ) -> Result<(), Cut> {
        match message {
            RelayMessage::Event { event, .. } => mail.put(event.into_owned()),
            RelayMessage::Ok { event_id, status, message } => {
                if !talk.proofs.remove(&event_id) {
                    self.judge(event_id, status, &message);
                } else if status {
                    // Now it answers what it refused before.
                    talk.ask(&self.url, mail).await?;
                    self.outbox().again();
                    self.empty(talk).await?;
                }
            }
            RelayMessage::Auth { challenge } => {
                talk.challenge = Some(challenge.into_owned());
                talk.asked.clear();
                talk.ask(&self.url, mail).await?;
            }
            RelayMessage::Closed { subscription_id, message } => {
                debug!(relay = self.number, why = ?prefix(&message), "a subscription is refused");
                // It is asked for again after the next proof or heartbeat.
                talk.asked.retain(|key, _| name(key) != *subscription_id);
            }
            _ => {}
        }
        Ok(())
    }

    /// The relay has said what it does with a wrap. One that it may take later is sent again then.
    fn judge(&self, id: EventId, status: bool, message: &str) {
        use MachineReadablePrefix::{AuthRequired, Duplicate, Error, RateLimited};
        let prefix = prefix(message);
        match prefix {
            _ if status => self.outbox().settle(id, Verdict::Taken),
            Some(Duplicate) => self.outbox().settle(id, Verdict::Taken),
            Some(AuthRequired | RateLimited | Error) => {}
            _ => self.outbox().settle(id, Verdict::Refused),
        }
        if !status {
            debug!(relay = self.number, why = ?prefix, "a message is refused");
        }
    }

    /// The outbox, now.
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Talk {
    /// Subscribes to what is new, and ends what nobody reads any more.
    async fn ask(&mut self, relay: &RelayUrl, mail: &Mail) -> Result<(), Cut> {
        let wanted = mail.wanted();
        let is_wanted =
            |asked: &PublicKey| wanted.iter().any(|(key, _)| key.keys().public_key() == *asked);
        let gone: Vec<_> = self.asked.keys().filter(|key| !is_wanted(key)).copied().collect();
        for key in gone {
            self.asked.remove(&key);
            self.wire.say(&ClientMessage::close(name(&key))).await?;
        }
        for (reader, number) in wanted {
            let key = reader.keys().public_key();
            if self.asked.insert(key, number) != Some(number) {
                self.prove(relay, &reader).await?;
                self.wire.say(&ClientMessage::req(name(&key), filter(key))).await?;
            }
        }
        Ok(())
    }

    /// Proves that a key is held here, where the relay wants it proven.
    async fn prove(&mut self, relay: &RelayUrl, reader: &MessageKey) -> Result<(), Cut> {
        let Some(challenge) = &self.challenge else { return Ok(()) };
        let proof = ClientAuthentication::new(challenge, relay.clone());
        let proof = proof.into_event_builder().finalize(reader.keys()).map_err(|_| Cut)?;
        self.proofs.insert(proof.id);
        self.wire.say(&ClientMessage::auth(proof)).await
    }
}

/// What a subscription is called: its key.
fn name(key: &PublicKey) -> SubscriptionId {
    SubscriptionId::new(key.to_hex())
}

/// What is asked for: every wrap for a key that can still be opened.
fn filter(key: PublicKey) -> Filter {
    let life = LETTER_LIFE.saturating_add(SHIFT).saturating_add(SKEW).as_secs();
    let oldest = Timestamp::now().as_secs().saturating_sub(life);
    Filter::new().kind(Kind::GiftWrap).pubkey(key).since(Timestamp::from_secs(oldest))
}

/// Why a relay refuses something, as far as programs are told.
fn prefix(message: &str) -> Option<MachineReadablePrefix> {
    MachineReadablePrefix::parse(message)
}
