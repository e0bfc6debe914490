//! The worker: registers and stays listed in the book, accepts agreements, serves them through a gateway, settles them,
//! withdraws its pay, and keeps the market's programs alive.
//!
//! A step does what is due on the chain, and updates what the gateway knows of agreements. Messages and requests are
//! answered beside the steps. [`WorkerDaemon`] is the whole; each other file has one part of it.

mod access;
mod agreement_table;
mod agreement_task;
mod commitment_issuer;
mod daemon;
mod endpoint_issuer;
#[cfg(feature = "failpoints")]
mod failpoints;
mod failure_log;
mod fitness;
mod front;
mod job_folders;
mod job_service;
mod keepalive;
mod listing;
mod options;
mod receipt_signer;
mod self_check;
mod services;
mod units;
mod worker_responder;

pub use self::daemon::WorkerDaemon;
#[cfg(feature = "failpoints")]
pub use self::failpoints::FAILPOINTS;
pub use self::options::{SelfCheckOptions, ServiceSource, WorkerOptions};
