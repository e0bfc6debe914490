#![doc = include_str!("../README.md")]

mod agreement;
mod alloy;
mod amount;
mod arbitrum;
mod clock;
mod connect;
mod deploy;
mod error;
#[cfg(feature = "ethers")]
mod ethers;
mod events;
#[cfg(test)]
mod fake;
mod following;
mod hints;
mod keepalive;
mod market;
mod money;
mod names;
mod next;
mod node;
mod outbox;
mod program;
mod purchase;
mod receipts;
mod reputation;
mod sending;
mod several;
mod signed;
mod steps;
mod testers;
mod transport;
mod verdicts;
mod waiting;
mod watch;
mod words;
mod workers;

pub use muster_protocol as protocol;

pub use crate::agreement::{Agreement, Progress};
pub use crate::amount::{AmountError, Ether};
pub use crate::connect::{Backend, Connect};
pub use crate::deploy::{Deployment, MarketDeployment};
pub use crate::error::{MarketError, NodeError, Refusal, Source};
pub use crate::events::{Event, Happening};
pub use crate::keepalive::Kept;
pub use crate::market::Market;
pub use crate::money::Withdrawal;
pub use crate::names::{Application, ApplicationError, message_key};
pub use crate::node::Node;
pub use crate::outbox::{Outbox, Outcome, Resumed};
pub use crate::program::{
    CODE_BUDGET, CODE_LIMIT, DATA_BUDGET, Program, ProgramError, WASM_LIMIT, check_no_panics,
};
pub use crate::purchase::{Purchase, Want};
pub use crate::receipts::{ReceiptError, ServiceReceipt, Session, failed_entry};
pub use crate::reputation::Reputation;
pub use crate::signed::Signed;
pub use crate::steps::{Cancellation, Resignation, Settlement};
pub use crate::testers::{CheckIn, Tester, seats, window_seats};
pub use crate::transport::{Head, Log, Receipt};
pub use crate::verdicts::{Votes, judgement, votes};
pub use crate::watch::{Sighting, Watch};
pub use crate::words::{reason, state};
pub use crate::workers::{Offer, Registered};
