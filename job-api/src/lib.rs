#![doc = include_str!("../README.md")]

mod wire;

pub use wire::{ApiError, ErrorCode, JobState, JobStatus, SignedResult, WorkerLimits};
