//! Whom a tester meets: workers of every kind, a client, and a way for letters that can be cut.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use muster_client::{Market, ServiceReceipt};
use muster_daemons::ChainStanding;
use muster_gateway::{
    AuthorizationError, Authorizer, Claims, Config, Gateway, Receipts, Secret, Upstream,
};
use muster_messaging::{
    Claim, Content, Delegation, Event, InMemoryReplayGuard, InMemoryTransport, Inbox, Mailbox,
    Message, MessageError, MessageKey, PassResponder, SecretString, Transport,
};
use tokio::task::JoinHandle;

use crate::harness::Service;

/// How a worker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// As it should.
    Honest,
    /// It answers no letters.
    Mute,
    /// Its service is gone.
    Gone,
    /// Its receipts are for another session.
    Forger,
}

/// Lets everybody in.
struct OpenDoor(Upstream);

impl Authorizer for OpenDoor {
    async fn authorize(&self, _: &Claims) -> Result<Upstream, AuthorizationError> {
        Ok(self.0.clone())
    }
}

/// Signs receipts.
struct Book {
    /// How.
    habit: Arc<Mutex<Habit>>,
    /// The worker.
    signer: PrivateKeySigner,
    /// Its view of the market.
    market: Market,
    /// Windows by session.
    served: Mutex<HashMap<B256, u32>>,
}

impl Receipts for Book {
    async fn issue(&self, guest: &Claims, session: [u8; 32]) -> Option<String> {
        let agreement = self.market.agreement(Address::from(guest.agreement)).await.unwrap();
        let window = agreement.window().await.unwrap()?;
        let session = match *self.habit.lock().unwrap() {
            Habit::Forger => B256::ZERO,
            _ => session.into(),
        };
        let served = {
            let mut sessions = self.served.lock().unwrap();
            let served = sessions.entry(session).or_default();
            *served |= 1 << window;
            *served
        };
        let domain = agreement.receipt_domain();
        Some(ServiceReceipt::sign(&self.signer, domain, session, served).unwrap().to_string())
    }
}

/// A worker's programs.
pub(super) struct Worker {
    /// How it works.
    habit: Arc<Mutex<Habit>>,
    /// Who asked where it serves: by what right, and under which key.
    pub(super) asked: Arc<Mutex<Vec<(Claim, B256)>>>,
    /// What runs.
    _parts: (Gateway, Service, JoinHandle<()>),
}

impl Worker {
    /// Starts them.
    pub(super) async fn start(
        signer: &PrivateKeySigner,
        market: Market,
        letters: Arc<dyn Transport>,
    ) -> Self {
        let (habit, asked) = (Arc::new(Mutex::new(Habit::Honest)), Arc::<Mutex<Vec<_>>>::default());
        let service = Service::start().await;
        let secret = Secret::new([7; 32]);
        let (config, door) =
            (Config::any_port(secret.clone()), OpenDoor(service.url().parse().unwrap()));
        let book =
            Book { habit: habit.clone(), signer: signer.clone(), market, served: Mutex::default() };
        let gateway = Gateway::start(config, door, book).await.unwrap();
        let url = format!("http://{}", gateway.address());

        let (key, seen) =
            (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
        let mut post_box = Mailbox::open(key, letters, seen).await.unwrap();
        let (how, who) = (habit.clone(), asked.clone());
        let clerk = tokio::spawn(async move {
            while let Ok(delivery) = post_box.next().await {
                let Content::EndpointRequest { claim } = &delivery.message.content else {
                    continue;
                };
                who.lock().unwrap().push((claim.clone(), delivery.sender));
                let url = match *how.lock().unwrap() {
                    Habit::Mute => continue,
                    Habit::Gone => "http://127.0.0.1:1",
                    _ => &url,
                };
                let (agreement, key) = (delivery.message.agreement.into_array(), delivery.sender.0);
                let token = secret.issue(&Claims { agreement, key, expires_at: 1 << 40 });
                let (url, token) = (SecretString::new(url), SecretString::new(token.reveal()));
                let reply = delivery.message.reply(Content::EndpointReply { url, token });
                post_box.send(delivery.sender, &reply).await.unwrap();
            }
        });
        Self { habit, asked, _parts: (gateway, service, clerk) }
    }

    /// Changes how it works.
    pub(super) fn becomes(&self, habit: Habit) {
        *self.habit.lock().unwrap() = habit;
    }

    /// How often it was asked where it serves.
    pub(super) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A client's program: it answers requests for passes. Returns how many it has answered.
pub(super) async fn client(
    signer: &PrivateKeySigner,
    market: Market,
    letters: Arc<dyn Transport>,
) -> Arc<AtomicUsize> {
    let standing = Arc::new(ChainStanding::new(market));
    let desk =
        PassResponder::new(signer.clone(), standing, Arc::new(InMemoryReplayGuard::new(256)));
    let (key, seen) =
        (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
    let mut post_box = Mailbox::open(key, letters, seen).await.unwrap();
    let count = Arc::<AtomicUsize>::default();
    let answered = count.clone();
    tokio::spawn(async move {
        while let Ok(delivery) = post_box.next().await {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            if let Some(reply) = desk.respond(&delivery, now).await.unwrap() {
                post_box.send(delivery.sender, &reply).await.unwrap();
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    count
}

/// A client's program whose passes are worth nothing: by another's signature, and for too short a time.
pub(super) async fn false_client(signer: &PrivateKeySigner, letters: Arc<dyn Transport>) {
    let (key, seen) =
        (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
    let mut post_box = Mailbox::open(key, letters, seen).await.unwrap();
    let (client, other) = (signer.clone(), PrivateKeySigner::random());
    tokio::spawn(async move {
        while let Ok(delivery) = post_box.next().await {
            let Message { chain_id, agreement, ref content, .. } = delivery.message;
            let Content::PassRequest { window, key, .. } = *content else { continue };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let (signer, until) = if window == 0 { (&other, 1 << 40) } else { (&client, now + 60) };
            let delegation = Delegation::sign(signer, chain_id, agreement, key, until).unwrap();
            let reply = delivery.message.reply(Content::Pass { delegation });
            post_box.send(delivery.sender, &reply).await.unwrap();
        }
    });
}

/// How a way for letters is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// It works.
    #[default]
    Well,
    /// It takes nothing.
    Cut,
    /// It takes everything and delivers nothing.
    Lossy,
}

/// A way for one's letters that can be cut.
#[derive(Debug)]
pub(super) struct Line {
    /// The way.
    pub(super) local: Arc<InMemoryTransport>,
    /// How it is.
    pub(super) mood: Mutex<Mood>,
    /// How many letters it has lost.
    pub(super) lost: AtomicUsize,
}

impl Transport for Line {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        let mood = *self.mood.lock().unwrap();
        if mood == Mood::Well {
            return self.local.publish(wrap);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        ready(if mood == Mood::Cut { Err(MessageError::Unacknowledged) } else { Ok(()) }).boxed()
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        self.local.subscribe(key)
    }
}
