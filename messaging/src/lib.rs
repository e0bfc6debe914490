#![doc = include_str!("../README.md")]

mod application;
mod chain_view;
mod delegation;
mod endpoint;
mod endpoint_responder;
mod envelope;
mod error;
mod in_memory;
mod keys;
mod mailbox;
mod message;
mod message_format;
mod pass_responder;
mod proxy;
mod relay_pool;
mod replay_guard;
mod sample;
mod sample_responder;
mod seat_entitlement;
mod transport;
mod typed_signature;

pub use crate::application::{ApplicationCommitment, Pass};
pub use crate::chain_view::{AgreementInfo, ChainFuture, ChainView};
pub use crate::delegation::Delegation;
pub use crate::endpoint::Endpoint;
pub use crate::endpoint_responder::{AccessGrant, EndpointIssuer, EndpointResponder, Party};
pub use crate::envelope::{MESSAGE_TTL, OpenError, OpenedMessage, open, seal};
pub use crate::error::{BoxError, MessageError};
pub use crate::in_memory::InMemoryTransport;
pub use crate::keys::{MessageKey, accounts_of};
pub use crate::mailbox::{Delivery, Mailbox};
pub use crate::message::{Claim, Content, JobLimits, Message, RefusalReason};
pub use crate::message_format::{MESSAGE_LIMIT, MessageFormatError};
pub use crate::pass_responder::PassResponder;
pub use crate::proxy::ProxyUrl;
pub use crate::relay_pool::{RelayPool, RelayStatus};
pub use crate::replay_guard::{InMemoryReplayGuard, ReplayGuard};
pub use crate::sample::{
    MAX_LISTED, PIECE_SIZE, SAMPLE_LIMIT, SampleInfo, SampleList, SamplePiece, SampleSource,
};
pub use crate::sample_responder::SampleResponder;
pub use crate::transport::{Inbox, Transport};
pub use nostr::event::Event;
pub use secrecy::{ExposeSecret, SecretBox, SecretString};
