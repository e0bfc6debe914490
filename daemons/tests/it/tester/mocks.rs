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
use muster_daemons::RpcChainView;
use muster_gateway::{
    AuthorizationError, Authorizer, Claims, Config, Gateway, Receipts, Secret, Upstream,
};
use muster_messaging::{
    Claim, Content, Delegation, Endpoint, Event, InMemoryReplayGuard, InMemoryTransport, Inbox, Mailbox,
    Message, MessageError, MessageKey, PassResponder, SecretString, Transport,
};
use tokio::task::JoinHandle;

use crate::harness::EchoService;

/// How a worker works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behavior {
    /// As it should.
    Honest,
    /// It answers no letters.
    Silent,
    /// Its service is gone.
    ServiceDown,
    /// Its receipts are for another session.
    WrongReceipts,
}

/// Lets everybody in.
struct AllowAll(Upstream);

impl Authorizer for AllowAll {
    async fn authorize(&self, _: &Claims) -> Result<Upstream, AuthorizationError> {
        Ok(self.0.clone())
    }
}

/// Signs receipts.
struct MockReceipts {
    /// How.
    behavior: Arc<Mutex<Behavior>>,
    /// The worker.
    signer: PrivateKeySigner,
    /// Its view of the market.
    market: Market,
    /// Windows by session.
    served: Mutex<HashMap<B256, u32>>,
}

impl Receipts for MockReceipts {
    async fn issue(&self, guest: &Claims, session: [u8; 32]) -> Option<String> {
        let agreement = self.market.agreement(Address::from(guest.agreement)).await.unwrap();
        let window = agreement.window().await.unwrap()?;
        let session = match *self.behavior.lock().unwrap() {
            Behavior::WrongReceipts => B256::ZERO,
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
pub(super) struct MockWorker {
    /// How it works.
    behavior: Arc<Mutex<Behavior>>,
    /// Who asked where it serves: by what right, and under which key.
    pub(super) endpoint_requests: Arc<Mutex<Vec<(Claim, B256)>>>,
    /// What runs.
    _parts: (Gateway, EchoService, JoinHandle<()>),
}

impl MockWorker {
    /// Starts them.
    pub(super) async fn start(
        signer: &PrivateKeySigner,
        market: Market,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let (behavior, endpoint_requests) =
            (Arc::new(Mutex::new(Behavior::Honest)), Arc::<Mutex<Vec<_>>>::default());
        let service = EchoService::start().await;
        let secret = Secret::new([7; 32]);
        let (config, authorizer) =
            (Config::any_port(secret.clone()), AllowAll(service.url().parse().unwrap()));
        let receipts = MockReceipts {
            behavior: behavior.clone(),
            signer: signer.clone(),
            market,
            served: Mutex::default(),
        };
        let gateway = Gateway::start(config, authorizer, receipts).await.unwrap();
        let url = format!("http://{}", gateway.address());

        let (key, replay_guard) =
            (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
        let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
        let (how, who) = (behavior.clone(), endpoint_requests.clone());
        let responder_task = tokio::spawn(async move {
            while let Ok(delivery) = mailbox.next().await {
                let Content::EndpointRequest { claim } = &delivery.message.content else {
                    continue;
                };
                who.lock().unwrap().push((claim.clone(), delivery.sender));
                let url = match *how.lock().unwrap() {
                    Behavior::Silent => continue,
                    Behavior::ServiceDown => "http://127.0.0.1:1",
                    _ => &url,
                };
                let (agreement, key) = (delivery.message.agreement.into_array(), delivery.sender.0);
                let token = secret.issue(&Claims { agreement, key, expires_at: 1 << 40 });
                let (url, token) = (SecretString::from(url), SecretString::from(token.reveal()));
                let reply = delivery.message.reply(Content::EndpointReply(Endpoint { url, token }));
                mailbox.send(delivery.sender, &reply).await.unwrap();
            }
        });
        Self { behavior, endpoint_requests, _parts: (gateway, service, responder_task) }
    }

    /// Changes how it works.
    pub(super) fn set_behavior(&self, behavior: Behavior) {
        *self.behavior.lock().unwrap() = behavior;
    }

    /// How often it was asked where it serves.
    pub(super) fn request_count(&self) -> usize {
        self.endpoint_requests.lock().unwrap().len()
    }
}

/// A client's program: it answers requests for passes. Returns how many it has answered.
pub(super) async fn spawn_client(
    signer: &PrivateKeySigner,
    market: Market,
    transport: Arc<dyn Transport>,
) -> Arc<AtomicUsize> {
    let chain_view = Arc::new(RpcChainView::new(market));
    let responder =
        PassResponder::new(signer.clone(), chain_view, Arc::new(InMemoryReplayGuard::new(256)));
    let (key, replay_guard) =
        (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
    let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
    let count = Arc::<AtomicUsize>::default();
    let answered = count.clone();
    tokio::spawn(async move {
        while let Ok(delivery) = mailbox.next().await {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            if let Some(reply) = responder.respond(&delivery, now).await.unwrap() {
                mailbox.send(delivery.sender, &reply).await.unwrap();
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    count
}

/// A client's program whose passes are worth nothing: by another's signature, and for too short a time.
pub(super) async fn spawn_invalid_client(signer: &PrivateKeySigner, letters: Arc<dyn Transport>) {
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
pub(super) enum TransportState {
    /// It works.
    #[default]
    Up,
    /// It takes nothing.
    Down,
    /// It takes everything and delivers nothing.
    Lossy,
}

/// A way for one's letters that can be cut.
#[derive(Debug)]
pub(super) struct FaultyTransport {
    /// The way.
    pub(super) inner: Arc<InMemoryTransport>,
    /// How it is.
    pub(super) state: Mutex<TransportState>,
    /// How many letters it has lost.
    pub(super) lost: AtomicUsize,
}

impl Transport for FaultyTransport {
    fn publish<'a>(&'a self, wrap: &'a Event) -> BoxFuture<'a, Result<(), MessageError>> {
        let state = *self.state.lock().unwrap();
        if state == TransportState::Up {
            return self.inner.publish(wrap);
        }
        self.lost.fetch_add(1, Ordering::Relaxed);
        ready(if state == TransportState::Down {
            Err(MessageError::Unacknowledged)
        } else {
            Ok(())
        })
        .boxed()
    }

    fn subscribe<'a>(&'a self, key: &'a MessageKey) -> BoxFuture<'a, Result<Inbox, MessageError>> {
        self.inner.subscribe(key)
    }
}
