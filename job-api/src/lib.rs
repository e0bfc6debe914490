#![doc = include_str!("../README.md")]

mod agreement;
mod failure;
mod host;
mod job_record;
mod job_run;
mod job_table;
mod module_check;
mod openapi;
mod routes;
mod server;
mod signer;
mod upload_locks;
mod wire;

pub use host::{HostError, HostOptions, JobHost};
pub use openapi::openapi_document;
pub use server::{JobServer, OpenError};
pub use signer::{ResultSigner, SignError};
pub use wire::{ApiError, ErrorCode, JobState, JobStatus, SignedResult, WorkerLimits};
