//! Programs that are left alone: worker, tester and client.
//!
//! Each is a loop of one step: look at the chain and at the [`Store`], do what is due, say what it waits
//! for. What the chain knows is never kept here, so a step that is cut off anywhere is made again by the
//! next one; what the chain does not know (secrets, sessions, what was seen, what was sent and is in no block
//! yet) is in the store before it is acted on.

mod answering;
mod base;
pub mod buyer;
mod chance;
mod clock;
mod ending;
mod error;
pub mod fault;
mod letters;
mod pulse;
mod scan;
mod standing;
mod status;
mod store;
pub mod tester;
pub mod worker;

pub use crate::base::{Base, Payout};
pub use crate::error::{AgentError, StoreError};
pub use crate::pulse::{Agent, Pace, run};
pub use crate::standing::ChainStanding;
pub use crate::status::{Condition, Status, Waiting};
pub use crate::store::{Identity, Role, Seen, Store};
