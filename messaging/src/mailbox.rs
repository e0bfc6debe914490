//! Sends messages, and receives those that are authentic, recent and new.

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

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The sender's key, proven by its signature.
    pub sender: B256,
    /// The Unix second at which it was sent, by the sender's clock.
    pub sent_at: u64,
    /// The message.
    pub message: Message,
}

impl Delivery {
    /// Whether this is the reply to `request`, from the receiver of that request.
    #[must_use]
    pub fn is_reply_to(&self, receiver: B256, request: &Message) -> bool {
        self.sender == receiver && self.message.is_reply_to(request)
    }
}

/// Sends and receives the messages of one key.
#[derive(Debug)]
pub struct Mailbox {
    /// The key.
    key: MessageKey,
    /// Where messages are sent.
    transport: Arc<dyn Transport>,
    /// Where wraps arrive.
    inbox: Inbox,
    /// What was received before.
    replay_guard: Arc<dyn ReplayGuard>,
    /// The wrap that could not be recorded.
    unrecorded: Option<Event>,
}

impl Mailbox {
    /// Opens the mailbox of a key. A message that `replay_guard` has recorded is not delivered again. Another mailbox
    /// for the same key over the same transport replaces this one.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`].
    pub async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        replay_guard: Arc<dyn ReplayGuard>,
    ) -> Result<Self, MessageError> {
        let inbox = transport.subscribe(&key).await?;
        Ok(Self { key, transport, inbox, replay_guard, unrecorded: None })
    }

    /// The public key of this mailbox.
    #[must_use]
    pub fn key(&self) -> B256 {
        self.key.public()
    }

    /// Encrypts a message for a key, sends it and waits until somebody stores it for its receiver. Dropping the
    /// future does not withdraw the message.
    ///
    /// # Errors
    /// Those of [`seal`]; [`MessageError::Unacknowledged`], [`MessageError::Rejected`], [`MessageError::TransportClosed`].
    pub async fn send(&self, receiver: B256, message: &Message) -> Result<(), MessageError> {
        self.transport.publish(&seal(&self.key, receiver, message)?).await
    }

    /// Waits for the next message. Messages have no order. Invalid, expired and repeated ones are skipped.
    ///
    /// A message is recorded before it is delivered, so a crash before the reply loses it, and its sender must
    /// request again with another nonce. Cancel-safe: a dropped future loses no message.
    ///
    /// # Errors
    /// [`MessageError::TransportClosed`], and then always; [`MessageError::ReplayGuard`], after which the next call begins with
    /// the same message.
    pub async fn next(&mut self) -> Result<Delivery, MessageError> {
        loop {
            let wrap = match self.unrecorded.take() {
                Some(wrap) => wrap,
                None => self.inbox.next().await.ok_or(MessageError::TransportClosed)?,
            };
            match self.accept(&wrap) {
                Ok(Some(delivery)) => return Ok(delivery),
                Ok(None) => {}
                Err(error) => {
                    self.unrecorded = Some(wrap);
                    return Err(error);
                }
            }
        }
    }

    /// The message in a wrap; `None` if it is invalid or a replay.
    fn accept(&self, wrap: &Event) -> Result<Option<Delivery>, MessageError> {
        let id = B256::new(wrap.id.to_bytes());
        if self.replay_guard.contains(id).map_err(MessageError::ReplayGuard)? {
            return Ok(None);
        }
        let OpenedMessage { sender, sent_at, message } =
            match open(&self.key, wrap, Timestamp::now().as_secs()) {
                Ok(opened) => opened,
                Err(error) => {
                    debug!(wrap = %id, %error, "invalid message dropped");
                    return Ok(None);
                }
            };
        // The same wrap, and the same message in another wrap, are replays for as long as either opens.
        let until = sent_at
            .saturating_add(MESSAGE_TTL.as_secs())
            .saturating_add(MAX_TIMESTAMP_TWEAK.as_secs());
        let ids = [replay_id(sender, &message), id];
        if !self.replay_guard.insert_if_new(&ids, until).map_err(MessageError::ReplayGuard)? {
            debug!(wrap = %id, "repeated message dropped");
            return Ok(None);
        }
        Ok(Some(Delivery { sender, sent_at, message }))
    }
}

/// The id that a message shares with its replays alone: the hash of sender, agreement, nonce and direction.
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
