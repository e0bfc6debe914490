//! The command as users run it: real processes on an embedded chain.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::integer_division,
    reason = "a test that meets what it does not expect should end there"
)]

mod alias;
mod application;
mod checks;
mod client;
#[path = "../../../compute-http/tests/it/component.rs"]
mod component;
mod dashboard;
mod devnode;
mod docs;
mod doctor;
mod errors;
#[cfg(feature = "failpoints")]
mod faults;
mod gas_profile;
mod harness;
mod index;
mod index_api;
mod install;
mod job_market;
mod jobs;
mod json;
mod keepalive;
mod lifecycle;
mod local_api;
mod relay;
mod release;
mod run;
mod schema;
mod secrets;
mod self_check;
mod services;
mod settings;
mod signals;
mod signing;
mod state;
mod statement;
mod tester;
mod tls;
mod units;
mod worker;
