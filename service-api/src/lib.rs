#![doc = include_str!("../README.md")]

mod access;
mod api;
mod error;
mod forward;
mod routes;
mod wire;

pub use access::{ClientVerifier, ManagementAction};
pub use api::ServiceApi;
pub use error::RequestError;
pub use routes::{management, requests, router};
pub use wire::{
    ApiError, ERROR_HEADER, ErrorCode, SIGNATURE_HEADER, ServiceLogs, ServiceState, ServiceStatus,
};
