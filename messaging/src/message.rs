//! What the parties write to each other: small JSON of one version, each letter about one agreement.

use std::fmt::{self, Debug, Formatter};

use alloy::primitives::{Address, B256};
use serde::{Deserialize, Serialize};

use crate::delegation::Delegation;
use crate::keys::MessageKey;

/// The longest letter, in bytes of JSON.
pub const MESSAGE_LIMIT: usize = 4096;

/// The version of letters that this crate writes and reads.
const VERSION: u8 = 1;

/// A letter. A request's nonce is never used twice; a reply has the nonce of its request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The chain of the agreement.
    pub chain_id: u64,
    /// The agreement that it is about.
    pub agreement: Address,
    /// What ties a reply to its request.
    pub nonce: B256,
    /// What it says.
    pub content: Content,
}

/// What a letter says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Content {
    /// To a worker: where is the service?
    EndpointRequest {
        /// By what right this is asked.
        claim: Claim,
    },
    /// The worker's answer.
    EndpointReply {
        /// Where the service is, for HTTP and WebSocket.
        url: SecretString,
        /// What every request to it has to show.
        token: SecretString,
    },
    /// To a client, by a tester: let me look at the workers as if I were you.
    PassRequest {
        /// The window, counted from 0, in which the tester holds a seat.
        window: u8,
        /// The tester's place in the list of its agreement's epoch.
        place: u32,
        /// A fresh key, which workers will see in place of the tester's own.
        key: B256,
    },
    /// The client's answer.
    Pass {
        /// The fresh key's right to ask workers.
        delegation: Delegation,
    },
    /// No.
    Refusal {
        /// Why.
        reason: RefusalReason,
    },
}

/// By what right an endpoint is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Claim {
    /// The sender's key belongs to the agreement's client.
    Client {},
    /// The agreement's client has signed for the sender's key.
    Delegate {
        /// What it signed.
        delegation: Delegation,
    },
    /// The sender is a tester, under its registered key.
    Seat {
        /// The current window, counted from 0.
        window: u8,
        /// The tester's place, which holds a seat of that window.
        place: u32,
    },
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalReason {
    /// The agreement is on another chain.
    #[error("the agreement is on another chain than the one I look at")]
    OtherChain,
    /// The market did not make this agreement, or not with the one who is asked.
    #[error("this is no agreement of mine")]
    NotMine,
    /// The agreement has not started or has ended.
    #[error("the agreement does not run now")]
    NotRunning,
    /// The sender is not who may ask this.
    #[error("the key that asks has no right to: it is neither the client's nor delegated by it")]
    NotAllowed,
    /// The delegation has expired.
    #[error("the client's delegation has expired")]
    Expired,
    /// Another window is the current one.
    #[error("another window is the current one")]
    OtherWindow,
    /// The sender's account does not hold that seat.
    #[error("the sender does not hold that seat")]
    NoSeat,
    /// A pass for that seat was given to another key.
    #[error("a pass for that seat was given before, for another key")]
    PassGiven,
}

/// A text that is never printed: an address of a service, or a token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretString(String);

impl SecretString {
    /// Hides a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text. Not to be logged.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl Debug for SecretString {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// What is wrong with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageFormatError {
    /// It is longer than any letter.
    #[error("a letter of {0} bytes is too long: {MESSAGE_LIMIT} are the most")]
    TooLong(usize),
    /// It does not read as a letter.
    #[error("this is no letter")]
    Malformed,
    /// It has another version.
    #[error("a letter of version {0}, of which this program only knows {VERSION}")]
    UnsupportedVersion(u8),
}

/// A letter as it is written.
#[derive(Serialize, Deserialize)]
struct VersionedMessage<M> {
    /// The version of everything else.
    version: u8,
    /// The rest.
    #[serde(rename = "letter")]
    message: M,
}

/// The part of a letter that all versions have in common.
#[derive(Deserialize)]
struct VersionHeader {
    /// See [`VersionedMessage`].
    version: u8,
}

impl Message {
    /// A request, with a nonce that was never used.
    #[must_use]
    pub fn request(chain_id: u64, agreement: Address, content: Content) -> Self {
        Self { chain_id, agreement, nonce: MessageKey::random().to_bytes(), content }
    }

    /// A reply to this letter.
    #[must_use]
    pub const fn reply(&self, content: Content) -> Self {
        let Self { chain_id, agreement, nonce, content: _ } = *self;
        Self { chain_id, agreement, nonce, content }
    }

    /// Whether this is a reply to that request; who sent it is another question.
    #[must_use]
    pub fn is_reply_to(&self, request: &Self) -> bool {
        let about = |message: &Self| (message.chain_id, message.agreement, message.nonce);
        about(self) == about(request) && !self.is_request()
    }

    /// Whether it wants an answer.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(self.content, Content::EndpointRequest { .. } | Content::PassRequest { .. })
    }

    /// As it travels.
    ///
    /// # Errors
    /// [`MessageFormatError::TooLong`].
    pub fn to_json(&self) -> Result<String, MessageFormatError> {
        let written = VersionedMessage { version: VERSION, message: self };
        let json = serde_json::to_string(&written).map_err(|_| MessageFormatError::Malformed)?;
        if json.len() > MESSAGE_LIMIT {
            return Err(MessageFormatError::TooLong(json.len()));
        }
        Ok(json)
    }

    /// Reads what somebody sent.
    ///
    /// # Errors
    /// [`MessageFormatError`], with the version if that is the reason.
    pub fn from_json(json: &str) -> Result<Self, MessageFormatError> {
        if json.len() > MESSAGE_LIMIT {
            return Err(MessageFormatError::TooLong(json.len()));
        }
        let malformed = |_| MessageFormatError::Malformed;
        let VersionHeader { version } = serde_json::from_str(json).map_err(malformed)?;
        if version != VERSION {
            return Err(MessageFormatError::UnsupportedVersion(version));
        }
        Ok(serde_json::from_str::<VersionedMessage<Self>>(json).map_err(malformed)?.message)
    }
}

#[cfg(test)]
mod tests;
