#![doc = include_str!("../README.md")]

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
