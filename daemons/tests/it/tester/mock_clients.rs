//! Clients that testers talk to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use alloy::signers::local::PrivateKeySigner;
use muster_client::Market;
use muster_daemons::RpcChainView;
use muster_messaging::{
    Content, Delegation, InMemoryReplayGuard, Mailbox, Message, MessageKey, Pass, PassResponder,
    SampleResponder, SampleSource, Transport,
};

/// A client that answers requests for passes. Returns the number of its answers.
pub(super) async fn spawn_client(
    signer: &PrivateKeySigner,
    market: Market,
    transport: Arc<dyn Transport>,
    samples: Option<Arc<dyn SampleSource>>,
) -> Arc<AtomicUsize> {
    let chain_view = Arc::new(RpcChainView::new(market));
    let samples =
        samples.map(|source| SampleResponder::new(signer.address(), chain_view.clone(), source));
    let responder =
        PassResponder::new(signer.clone(), chain_view, Arc::new(InMemoryReplayGuard::new(256)));
    let (key, replay_guard) =
        (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
    let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
    let count = Arc::<AtomicUsize>::default();
    let answered = count.clone();
    tokio::spawn(async move {
        while let Ok(delivery) = mailbox.next().await {
            if let Some(reply) = responder.respond(&delivery).await.unwrap() {
                mailbox.send(delivery.sender, &reply).await.unwrap();
                answered.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(samples) = &samples
                && let Some(reply) = samples.respond(&delivery).await.unwrap()
            {
                mailbox.send(delivery.sender, &reply).await.unwrap();
            }
        }
    });
    count
}

/// A client whose passes are invalid: that of window 0 is signed by another key, the others expire too early.
///
/// Returns the number of its answers.
pub(super) async fn spawn_invalid_client(
    signer: &PrivateKeySigner,
    transport: Arc<dyn Transport>,
) -> Arc<AtomicUsize> {
    let (key, replay_guard) =
        (MessageKey::from_signer(signer).unwrap(), Arc::new(InMemoryReplayGuard::new(256)));
    let mut mailbox = Mailbox::open(key, transport, replay_guard).await.unwrap();
    let (client, other) = (signer.clone(), PrivateKeySigner::random());
    let count = Arc::<AtomicUsize>::default();
    let answered = count.clone();
    tokio::spawn(async move {
        while let Ok(delivery) = mailbox.next().await {
            let Message { chain_id, agreement, ref content, .. } = delivery.message;
            let Content::PassRequest { window, key, .. } = *content else { continue };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let (signer, until) = if window == 0 { (&other, 1 << 40) } else { (&client, now + 60) };
            let delegation = Delegation::sign(signer, chain_id, agreement, key, until).unwrap();
            let reply =
                delivery.message.reply(Content::Pass(Pass { delegation, commitments: Vec::new() }));
            mailbox.send(delivery.sender, &reply).await.unwrap();
            answered.fetch_add(1, Ordering::Relaxed);
        }
    });
    count
}
