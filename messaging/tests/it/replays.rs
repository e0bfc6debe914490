//! Repeated and invalid wraps, which are not delivered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use alloy::primitives::Address;
use muster_messaging::{
    BoxError, Claim, Content, Event, InMemoryReplayGuard, InMemoryTransport, Mailbox, Message,
    MessageError, MessageKey, ReplayGuard, Transport, seal,
};
use nostr::event::{EventBuilder, FinalizeEvent, Kind, Tag};
use nostr::key::{Keys, PublicKey};

use crate::harness::mailbox;

/// A new request.
fn message() -> Message {
    let content = Content::EndpointRequest { claim: Claim::Client {} };
    Message::request(1, Address::ZERO, content)
}

/// Publishes wraps and then a message, and counts what is delivered before that message.
async fn delivered_of(wraps: &[Event], receiver: &MessageKey) -> usize {
    let transport = Arc::new(InMemoryTransport::default());
    let mut reading = mailbox(receiver, &transport).await;
    for wrap in wraps {
        transport.publish(wrap).await.unwrap();
    }
    let last = message();
    let writing = mailbox(&MessageKey::random(), &transport).await;
    writing.send(receiver.public(), &last).await.unwrap();
    let mut count = 0;
    while reading.next().await.unwrap().message != last {
        count += 1;
    }
    count
}

#[tokio::test]
async fn a_message_is_delivered_once_however_often_it_is_sent() {
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let message = message();
    let [wrap, again] = [(); 2].map(|()| seal(&sender, receiver.public(), &message).unwrap());
    assert_ne!(wrap.id, again.id);
    assert_eq!(delivered_of(&[wrap.clone(), wrap, again], &receiver).await, 1);
}

#[tokio::test]
async fn a_nonce_belongs_to_its_sender_chain_and_agreement() {
    let [sender, other, receiver] = [(); 3].map(|()| MessageKey::random());
    let message = message();
    let elsewhere = Message { agreement: Address::repeat_byte(1), ..message.clone() };
    let chain = Message { chain_id: 2, ..message.clone() };
    let wraps = [(&sender, &message), (&other, &message), (&sender, &elsewhere), (&sender, &chain)]
        .map(|(key, message)| seal(key, receiver.public(), message).unwrap());
    assert_eq!(delivered_of(&wraps, &receiver).await, 4);
}

#[tokio::test]
async fn invalid_wraps_are_skipped() {
    let receiver = MessageKey::random();
    let to = Tag::public_key(PublicKey::from_slice(receiver.public().as_slice()).unwrap());
    let junk = [Kind::GiftWrap, Kind::TextNote].map(|kind| {
        EventBuilder::new(kind, "junk").tags([to.clone()]).finalize(&Keys::generate()).unwrap()
    });
    assert_eq!(delivered_of(&junk, &receiver).await, 0);
}

#[tokio::test]
async fn a_message_is_not_delivered_again_after_a_restart() {
    let [sender, receiver] = [(); 2].map(|()| MessageKey::random());
    let (transport, replay_guard) =
        (Arc::new(InMemoryTransport::default()), Arc::new(InMemoryReplayGuard::default()));
    let open =
        async || Mailbox::open(receiver.clone(), transport.clone(), replay_guard.clone()).await;
    let writing = mailbox(&sender, &transport).await;
    let [first, second] = [message(), message()];
    writing.send(receiver.public(), &first).await.unwrap();
    assert_eq!(open().await.unwrap().next().await.unwrap().message, first);
    writing.send(receiver.public(), &second).await.unwrap();
    assert_eq!(open().await.unwrap().next().await.unwrap().message, second);
}

/// A replay guard that cannot write the first time.
#[derive(Debug, Default)]
struct FailingReplayGuard {
    /// Whether it was asked before.
    has_failed: AtomicBool,
    /// What it writes to.
    ids: InMemoryReplayGuard,
}

impl ReplayGuard for FailingReplayGuard {
    fn contains(&self, id: alloy::primitives::B256) -> Result<bool, BoxError> {
        self.ids.contains(id)
    }

    fn insert_if_new(&self, ids: &[alloy::primitives::B256], until: u64) -> Result<bool, BoxError> {
        if self.has_failed.swap(true, Ordering::Relaxed) {
            self.ids.insert_if_new(ids, until)
        } else {
            Err("the disk is full".into())
        }
    }
}

#[tokio::test]
async fn nothing_is_delivered_that_cannot_be_recorded_and_nothing_is_lost() {
    let receiver = MessageKey::random();
    let transport = Arc::new(InMemoryTransport::default());
    let reading =
        Mailbox::open(receiver.clone(), transport.clone(), Arc::<FailingReplayGuard>::default());
    let mut reading = reading.await.unwrap();
    let writing = mailbox(&MessageKey::random(), &transport).await;
    let message = message();
    writing.send(receiver.public(), &message).await.unwrap();
    let failed = reading.next().await;
    assert!(matches!(failed, Err(MessageError::ReplayGuard(_))), "{failed:?}");
    assert_eq!(reading.next().await.unwrap().message, message);
}

#[tokio::test]
async fn an_invalid_key_is_an_error_for_the_sender() {
    let writing = mailbox(&MessageKey::random(), &Arc::new(InMemoryTransport::default())).await;
    let nowhere = alloy::primitives::B256::with_last_byte(5);
    let failed = writing.send(nowhere, &message()).await;
    assert!(matches!(failed, Err(MessageError::InvalidKey(key)) if key == nowhere), "{failed:?}");
}
