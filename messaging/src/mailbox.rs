//! A post box: letters out, and in only what is genuine, fresh and new.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use nostr::event::Event;
use nostr::types::Timestamp;
use tracing::debug;

use crate::envelope::{MAX_TIMESTAMP_TWEAK, MESSAGE_TTL, OpenedMessage, open, seal};
use crate::error::MessageError;
use crate::keys::MessageKey;
use crate::message::Message;
use crate::replay_guard::ReplayGuard;
use crate::transport::{Inbox, Transport};

/// A letter that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The key of its sender, proven.
    pub sender: B256,
    /// The Unix second at which it was written, by its sender's clock.
    pub sent_at: u64,
    /// The letter.
    pub message: Message,
}

impl Delivery {
    /// Whether this is the reply to `request` from the one it was sent to.
    #[must_use]
    pub fn is_reply_to(&self, receiver: B256, request: &Message) -> bool {
        self.sender == receiver && self.message.is_reply_to(request)
    }
}

/// Letters to and from one key.
#[derive(Debug)]
pub struct Mailbox {
    /// Whose it is.
    key: MessageKey,
    /// The way out.
    transport: Arc<dyn Transport>,
    /// The way in.
    inbox: Inbox,
    /// What came in before.
    replay_guard: Arc<dyn ReplayGuard>,
}

impl Mailbox {
    /// Opens the post box of a key. What `replay_guard` knows is not delivered again, whatever way it takes.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    pub async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        replay_guard: Arc<dyn ReplayGuard>,
    ) -> Result<Self, MessageError> {
        let inbox = transport.subscribe(&key).await?;
        Ok(Self { key, transport, inbox, replay_guard })
    }

    /// The key that it belongs to.
    #[must_use]
    pub fn key(&self) -> B256 {
        self.key.public()
    }

    /// Sends a letter to the holder of a key, and returns when somebody keeps it for them.
    ///
    /// # Errors
    /// Those of [`seal`], and [`MessageError::Unacknowledged`], [`MessageError::Rejected`], [`MessageError::TransportClosed`].
    pub async fn send(&self, receiver: B256, message: &Message) -> Result<(), MessageError> {
        self.transport.publish(&seal(&self.key, receiver, message)?).await
    }

    /// Waits for the next letter. It is remembered before it is delivered, so whoever ends before
    /// answering it will not see it again; its sender asks anew, with another nonce. Can be cut off
    /// anywhere without losing one.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`], [`MessageError::ReplayGuard`].
    pub async fn next(&mut self) -> Result<Delivery, MessageError> {
        loop {
            let wrap = self.inbox.next().await.ok_or(MessageError::TransportClosed)?;
            if let Some(delivery) = self.accept(&wrap)? {
                return Ok(delivery);
            }
        }
    }

    /// What a wrap holds, if it is to be delivered.
    fn accept(&self, wrap: &Event) -> Result<Option<Delivery>, MessageError> {
        let id = B256::new(wrap.id.to_bytes());
        if self.replay_guard.contains(id).map_err(MessageError::ReplayGuard)? {
            return Ok(None);
        }
        let OpenedMessage { sender, sent_at, message } =
            match open(&self.key, wrap, Timestamp::now().as_secs()) {
                Ok(opened) => opened,
                Err(error) => {
                    debug!(wrap = %id, %error, "a message is dropped");
                    return Ok(None);
                }
            };
        // The same wrap, and the same letter in another wrap, are replays as long as either is opened.
        let until = sent_at
            .saturating_add(MESSAGE_TTL.as_secs())
            .saturating_add(MAX_TIMESTAMP_TWEAK.as_secs());
        let replay_id = replay_id(sender, &message);
        for id in [replay_id, id] {
            if !self.replay_guard.insert_if_new(id, until).map_err(MessageError::ReplayGuard)? {
                debug!(%id, "a message came again");
                return Ok(None);
            }
        }
        Ok(Some(Delivery { sender, sent_at, message }))
    }
}

/// What two letters share exactly if one is a replay of the other: sender, agreement, nonce, and whether
/// it asks or answers.
fn replay_id(sender: B256, message: &Message) -> B256 {
    let Message { chain_id, agreement, nonce, .. } = message;
    keccak256(
        [
            sender.as_slice(),
            &chain_id.to_be_bytes(),
            agreement.as_slice(),
            nonce.as_slice(),
            &[u8::from(message.is_request())],
        ]
        .concat(),
    )
}
