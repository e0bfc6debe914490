#![doc = include_str!("../README.md")]

mod pass_responder;
mod delegation;
mod envelope;
mod error;
mod keys;
mod message;
mod in_memory;
mod mailbox;
mod relay;
mod relay_pool;
mod replay_guard;
mod chain_view;
mod transport;
mod endpoint_responder;

pub use crate::pass_responder::PassResponder;
pub use crate::delegation::Delegation;
pub use crate::envelope::{OpenError, MESSAGE_TTL, OpenedMessage, open, seal};
pub use crate::error::{MessageError, BoxError};
pub use crate::keys::{MessageKey, accounts_of};
pub use crate::message::{Claim, Content, SecretString, MESSAGE_LIMIT, Message, MessageFormatError, RefusalReason};
pub use crate::in_memory::InMemoryTransport;
pub use crate::mailbox::{Delivery, Mailbox};
pub use crate::relay::{Limits, Relay, RelayConfig};
pub use crate::relay_pool::{RelayStatus, RelayPool};
pub use crate::replay_guard::{InMemoryReplayGuard, ReplayGuard};
pub use crate::chain_view::{ChainFuture, AgreementInfo, ChainView};
pub use crate::transport::{Inbox, Transport};
pub use crate::endpoint_responder::{AccessGrant, Endpoint, EndpointIssuer, Party, EndpointResponder};
pub use nostr::event::Event;
pub use nostr::types::RelayUrl;
