#![doc = include_str!("../README.md")]

mod auth;
mod authorizer;
mod body;
mod client_stream;
mod config;
mod connection;
mod connection_quota;
mod error;
mod error_response;
mod forward;
mod headers;
mod idle;
mod rate_limit;
mod receipts;
mod server;
mod supervisor;
mod token;
mod tunnel;
mod unauthenticated;
mod upstream;

pub use authorizer::{AuthorizationError, Authorizer};
pub use config::{Config, Limits};
pub use error::GatewayError;
pub use headers::{is_websocket_upgrade, strip_headers};
pub use muster_tls::{TlsError, TlsServer};
pub use receipts::{RECEIPT_HEADER, Receipts, SESSION_HEADER};
pub use server::Gateway;
pub use supervisor::{ServiceConfig, ServiceLimits, ServiceProcess};
pub use token::{Claims, Secret, TOKEN_HEADER, Token};
pub use upstream::Upstream;
