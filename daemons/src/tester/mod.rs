//! The tester: joins and checks in, probes workers in the windows in which it holds a seat, reports what it observed,
//! collects its fees, and takes its bond back when it leaves.
//!
//! A step does what is due on the chain. Probes are made at their own moments, so they run beside the steps: each stores its
//! outcome when it ends, and the report is made of those. [`TesterDaemon`] is the whole; each other file has one
//! part of it.

mod assignment;
mod collectors;
mod daemon;
#[cfg(feature = "failpoints")]
mod failpoints;
mod job_pool;
mod job_probe;
mod measured_entries;
mod membership;
mod options;
mod probe;
mod probe_context;
mod reference_runner;
mod reference_service;
mod report_check;
mod report_inbox;
mod report_task;
mod sample_cache;
mod sample_client;
mod sampling;
mod seat;
mod service_probe;

pub use self::collectors::collectors;
pub use self::daemon::TesterDaemon;
#[cfg(feature = "failpoints")]
pub use self::failpoints::FAILPOINTS;
pub use self::measured_entries::measured_entries;
pub use self::options::TesterOptions;
pub use self::reference_runner::{ReferenceError, ReferenceJob, ReferenceOptions, ReferenceRunner};
