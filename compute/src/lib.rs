#![doc = include_str!("../README.md")]

mod blob_store;
mod cache;
mod cancel;
mod child;
mod digest;
mod engine;
mod error;
mod execute;
mod frame;
mod fs;
mod job;
mod job_result;
mod memory_limit;
mod module;
mod path;
mod profile;
mod request;
mod runner;
#[cfg(feature = "openapi")]
mod schema;
mod wasi;

pub use blob_store::{BLOB_COST, BlobError, BlobStore, BlobUpload, BlobWriter};
pub use cancel::Cancel;
pub use child::{Protection, Sandbox, child_main, end_with_parent};
pub use digest::{Digest, DigestError};
pub use engine::{Optimization, set_arithmetic};
pub use error::{Phase, RunError, StartError, Unfinished, check_limits};
pub use job::{Input, Job, JobDocument, JobError, Limits, Output, Profile, Variable};
pub use job_result::{JobResult, Outcome, OutputFile, ResultError};
pub use memory_limit::MemoryLimit;
pub use module::{ModuleError, ModuleInfo, check_module};
pub use path::{JobPath, MAX_DEPTH, MAX_NAME, PathError};
pub use runner::{CompileLimits, Execution, Runner, Settings};
