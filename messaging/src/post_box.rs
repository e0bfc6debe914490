//! A post box: letters out, and in only what is genuine, fresh and new.

use std::sync::Arc;

use alloy::primitives::{B256, keccak256};
use nostr::event::Event;
use nostr::types::Timestamp;
use tracing::debug;

use crate::envelope::{LETTER_LIFE, Opened, SHIFT, open, seal};
use crate::error::MessageError;
use crate::keys::MessageKey;
use crate::letter::Letter;
use crate::seen::Seen;
use crate::transport::{Inbox, Transport};

/// A letter that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The key of its sender, proven.
    pub sender: B256,
    /// The Unix second at which it was written, by its sender's clock.
    pub sent: u64,
    /// The letter.
    pub letter: Letter,
}

impl Delivery {
    /// Whether this is the reply to `request` from the one it was sent to.
    #[must_use]
    pub fn answers(&self, receiver: B256, request: &Letter) -> bool {
        self.sender == receiver && self.letter.answers(request)
    }
}

/// Letters to and from one key.
#[derive(Debug)]
pub struct PostBox {
    /// Whose it is.
    key: MessageKey,
    /// The way out.
    transport: Arc<dyn Transport>,
    /// The way in.
    inbox: Inbox,
    /// What came in before.
    seen: Arc<dyn Seen>,
}

impl PostBox {
    /// Opens the post box of a key. What `seen` knows is not delivered again, whatever way it takes.
    ///
    /// # Errors
    /// [`MessageError::Ended`].
    pub async fn open(
        key: MessageKey,
        transport: Arc<dyn Transport>,
        seen: Arc<dyn Seen>,
    ) -> Result<Self, MessageError> {
        let inbox = transport.subscribe(&key).await?;
        Ok(Self { key, transport, inbox, seen })
    }

    /// The key that it belongs to.
    #[must_use]
    pub fn key(&self) -> B256 {
        self.key.public()
    }

    /// Sends a letter to the holder of a key, and returns when somebody keeps it for them.
    ///
    /// # Errors
    /// Those of [`seal`], and [`MessageError::Unsent`], [`MessageError::Refused`], [`MessageError::Ended`].
    pub async fn send(&self, receiver: B256, letter: &Letter) -> Result<(), MessageError> {
        self.transport.publish(&seal(&self.key, receiver, letter)?).await
    }

    /// Waits for the next letter. It is remembered before it is delivered, so whoever ends before
    /// answering it will not see it again; its sender asks anew, with another nonce. Can be cut off
    /// anywhere without losing one.
    ///
    /// # Errors
    /// [`MessageError::Ended`], [`MessageError::Seen`].
    pub async fn next(&mut self) -> Result<Delivery, MessageError> {
        loop {
            let wrap = self.inbox.next().await.ok_or(MessageError::Ended)?;
            if let Some(delivery) = self.take(&wrap)? {
                return Ok(delivery);
            }
        }
    }

    /// What a wrap holds, if it is to be delivered.
    fn take(&self, wrap: &Event) -> Result<Option<Delivery>, MessageError> {
        let id = B256::new(wrap.id.to_bytes());
        if self.seen.knows(id).map_err(MessageError::Seen)? {
            return Ok(None);
        }
        let Opened { sender, sent, letter } =
            match open(&self.key, wrap, Timestamp::now().as_secs()) {
                Ok(opened) => opened,
                Err(flaw) => {
                    debug!(wrap = %id, %flaw, "a message is dropped");
                    return Ok(None);
                }
            };
        // The same wrap, and the same letter in another wrap, are replays as long as either is opened.
        let until = sent.saturating_add(LETTER_LIFE.as_secs()).saturating_add(SHIFT.as_secs());
        let name = name(sender, &letter);
        for id in [name, id] {
            if !self.seen.remember(id, until).map_err(MessageError::Seen)? {
                debug!(%id, "a message came again");
                return Ok(None);
            }
        }
        Ok(Some(Delivery { sender, sent, letter }))
    }
}

/// What two letters share exactly if one is a replay of the other: sender, agreement, nonce, and whether
/// it asks or answers.
fn name(sender: B256, letter: &Letter) -> B256 {
    let Letter { chain_id, agreement, nonce, .. } = letter;
    keccak256(
        [
            sender.as_slice(),
            &chain_id.to_be_bytes(),
            agreement.as_slice(),
            nonce.as_slice(),
            &[u8::from(letter.is_request())],
        ]
        .concat(),
    )
}
