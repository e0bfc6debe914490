#![doc = include_str!("../README.md")]

mod agreement;
mod agreement_actions;
mod alloy;
mod amount;
mod application;
mod arbitrum;
mod backend;
mod clock;
mod connect;
mod credit;
mod deploy;
mod error;
#[cfg(feature = "ethers")]
mod ethers;
mod events;
mod fallback;
mod hints;
mod keepalive;
mod market;
#[cfg(test)]
mod mock;
mod node;
mod pending;
mod pending_tx;
mod program;
mod purchase;
mod receipts;
mod refusal_text;
mod reputation;
mod signed_tx;
mod testers;
mod tx_journal;
mod tx_sender;
mod verdicts;
mod wait;
mod watch;
mod workers;

pub use muster_protocol as protocol;

pub use crate::agreement::{Agreement, Progress};
pub use crate::agreement_actions::{Cancellation, Resignation, Settlement};
pub use crate::amount::{AmountError, Ether};
pub use crate::application::{Application, ApplicationError, message_key};
pub use crate::backend::{Head, Log, Receipt};
pub use crate::connect::{BackendKind, NodeBuilder};
pub use crate::credit::Withdrawal;
pub use crate::deploy::{Deployment, MarketDeployment};
pub use crate::error::{BoxError, MarketError, NodeError, RevertReason};
pub use crate::events::{EventRecord, MarketEvent};
pub use crate::keepalive::ProgramLifetime;
pub use crate::market::Market;
pub use crate::node::Node;
pub use crate::program::{
    CODE_BUDGET, CODE_LIMIT, DATA_BUDGET, Program, ProgramError, WASM_LIMIT, check_no_panics,
};
pub use crate::purchase::{OrderRequest, Purchase};
pub use crate::receipts::{ReceiptError, ServiceReceipt, Session, failed_entry};
pub use crate::refusal_text::{reason_text, state_text};
pub use crate::reputation::WorkerReputation;
pub use crate::signed_tx::SignedTx;
pub use crate::testers::{CheckIn, Tester, seats, window_seats};
pub use crate::tx_journal::{ResumedTx, TxJournal, TxOutcome};
pub use crate::verdicts::{Votes, judgement, votes};
pub use crate::watch::{ChainUpdate, EventWatcher};
pub use crate::workers::{Offer, Registration};
