//! End-to-end encrypted messages between the parties of the market, and a relay for them.
//!
//! A [`Letter`] is about one agreement. It travels in a gift wrap (NIP-59) to the x-only secp256k1 key
//! that its receiver has on chain, over any [`Transport`]: [`Relays`] that anybody runs, or [`Local`]
//! memory. A [`PostBox`] gives out what is genuine, fresh and new, with its sender's key; what that sender
//! may ask for is found by a [`WorkerDesk`] or a [`ClientDesk`] from the chain, seen through [`Standing`].
//!
//! This crate knows nothing of the market's contracts and never speaks to a node.

mod client_desk;
mod delegation;
mod envelope;
mod error;
mod keys;
mod letter;
mod local;
mod post_box;
mod relay;
mod relays;
mod seen;
mod standing;
mod transport;
mod worker_desk;

pub use crate::client_desk::ClientDesk;
pub use crate::delegation::Delegation;
pub use crate::envelope::{Flaw, LETTER_LIFE, Opened, open, seal};
pub use crate::error::{MessageError, Source};
pub use crate::keys::{MessageKey, accounts_of};
pub use crate::letter::{Claim, Content, Hidden, LETTER_LIMIT, Letter, LetterError, Reason};
pub use crate::local::Local;
pub use crate::post_box::{Delivery, PostBox};
pub use crate::relay::{Limits, Relay, RelayConfig};
pub use crate::relays::{RelayState, Relays};
pub use crate::seen::{RecentlySeen, Seen};
pub use crate::standing::{Answer, Facts, Standing};
pub use crate::transport::{Inbox, Transport};
pub use crate::worker_desk::{Admission, Endpoint, Issuer, Party, WorkerDesk};
pub use nostr::event::Event;
pub use nostr::types::RelayUrl;
