#![doc = include_str!("../README.md")]

mod api;
mod error;
mod forward;
mod routes;
mod wire;

pub use api::ServiceApi;
pub use error::RequestError;
pub use routes::{management, requests, router};
pub use wire::{ApiError, ErrorCode, ServiceLogs, ServiceState, ServiceStatus};
