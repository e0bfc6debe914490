//! What can go wrong, by what the caller can do next.

use std::error::Error;
use std::io;

use alloy::primitives::B256;

use crate::message::MessageFormatError;

/// Somebody else's error, kept as it came.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// No message can be encrypted to this key.
    #[error("{0} is no x-only secp256k1 key: its owner has to register another one")]
    InvalidKey(B256),
    /// The letter cannot be sent as it is.
    #[error(transparent)]
    Format(#[from] MessageFormatError),
    /// The letter cannot be sealed or a delegation not signed.
    #[error("the key does not sign or encrypt: {0}")]
    Key(BoxError),
    /// No relay has taken the message yet. It may still arrive; a repetition needs a new nonce.
    #[error("no relay has taken the message yet: it may still arrive when one can be reached")]
    Unacknowledged,
    /// Every relay refused the message.
    #[error("every relay refused the message: name other relays")]
    Rejected,
    /// The transport has ended.
    #[error("the transport has ended")]
    TransportClosed,
    /// What was seen before cannot be looked up or written down.
    #[error("what was received before cannot be looked up: {0}")]
    ReplayGuard(BoxError),
    /// The chain does not answer. The same letter can be answered later.
    #[error("the chain does not say who asks: {0}")]
    Chain(BoxError),
    /// The endpoint cannot be given. The same letter can be answered later.
    #[error("no endpoint can be given: {0}")]
    Endpoint(BoxError),
    /// This is no address of a relay.
    #[error("{0} is no address of a relay: it looks like wss://relay.example")]
    InvalidRelayUrl(Box<str>),
    /// An address that cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: Box<str>,
        /// What the system says.
        source: io::Error,
    },
}
