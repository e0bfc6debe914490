#![doc = include_str!("../README.md")]

mod upstream;
mod auth;
mod error_response;
mod supervisor;
mod config;
mod connection;
mod authorizer;
mod error;
mod forward;
mod headers;
mod rate_limit;
mod receipts;
mod connection_quota;
mod server;
mod shutdown;
mod unauthenticated;
mod token;
mod tunnel;
mod idle;

pub use upstream::Upstream;
pub use supervisor::{ServiceProcess, ServiceLimits, ServiceConfig};
pub use config::{Config, Limits};
pub use authorizer::{Authorizer, AuthorizationError};
pub use error::GatewayError;
pub use headers::{is_websocket_upgrade, strip_headers};
pub use receipts::{RECEIPT_HEADER, Receipts, SESSION_HEADER};
pub use server::Gateway;
pub use token::{Claims, Secret, TOKEN_HEADER, Token};
