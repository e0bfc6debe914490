//! Programs that are left alone: worker, tester and client.
//!
//! Each is a loop of one step: look at the chain and at the [`Store`], do what is due, say what it waits
//! for. What the chain knows is never kept here, so a step that is cut off anywhere is made again by the
//! next one; what the chain does not know (secrets, sessions, what was seen, what was sent and is in no block
//! yet) is in the store before it is acted on.

mod chain_view;
pub mod client;
mod context;
mod error;
pub mod failpoint;
mod health;
mod market_clock;
mod request_client;
mod responder;
mod rng;
mod run_loop;
mod scan;
mod settlement;
mod store;
pub mod tester;
pub mod worker;

pub use crate::chain_view::RpcChainView;
pub use crate::context::{DaemonContext, Payout};
pub use crate::error::{DaemonError, StoreError};
pub use crate::health::{Health, HealthReporter, NextEvent};
pub use crate::run_loop::{Backoff, Daemon, run};
pub use crate::store::{Identity, Observations, Role, Store};
