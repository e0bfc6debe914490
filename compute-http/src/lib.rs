#![doc = include_str!("../README.md")]

mod child;
mod component;
mod document;
mod engine;
mod error;
mod request;
mod service;

pub use child::child_main;
pub use component::{ComponentError, ComponentInfo, check_component};
pub use document::{MAX_REQUESTS, ServiceDocument, ServiceError, ServiceLimits};
pub use error::{Failure, SendError, StartError};
pub use request::LogStream;
pub use service::{LogLine, Service, Settings, Status};
