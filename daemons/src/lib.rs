#![doc = include_str!("../README.md")]

mod cancel_on_drop;
mod chain;
pub mod checks;
pub mod client;
mod context;
mod endpoint_request;
mod endpoint_slot;
mod error;
mod failpoint;
mod health;
mod job_bundle;
mod job_client;
mod job_outputs;
mod order_file;

mod periodic;
mod poll_intervals;
mod private_database;
mod proxy_bridge;
mod request_client;
mod responder;
mod run_loop;
pub mod schedule;
mod service_checks;
mod service_client;
mod service_copy;
mod service_record;
mod store;
mod synthetic_job;
#[cfg(test)]
mod test_runner;
pub mod tester;
mod unix_time;
pub mod worker;

pub use crate::chain::RpcChainView;
pub use crate::context::{DaemonContext, Payout};
pub use crate::error::DaemonError;
#[cfg(feature = "failpoints")]
pub use crate::failpoint::{FAILPOINT_VAR, FailPoint, TX_STAGES, failpoint_names};
pub use crate::health::{Health, HealthReporter, NextEvent};
pub use crate::job_client::JobFailure;
pub use crate::order_file::{OrderFile, OrderFolder};
pub use crate::private_database::{DatabaseOpenError, open_private_database};
pub use crate::run_loop::{Backoff, Daemon, run};
pub use crate::service_checks::{ServiceAnswer, ServiceCheck, ServiceChecks, ServiceChecksError};
pub use crate::service_copy::{CheckedAnswer, CopyError, CopyOptions, answer_checks};
pub use crate::service_record::{RecordError, ServicePlace, ServiceRecord, StoredService};
pub use crate::store::{
    EndpointId, Identity, Measurement, ProbeId, Role, Store, StoreError, StoredAnswer, StoredJob,
};
