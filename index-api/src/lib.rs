#![doc = include_str!("../README.md")]

mod answer;
mod client_address;
mod connections;
mod evidence;
mod failure;
mod openapi;
mod options;
mod parameters;
mod rate_limit;
mod routes;
mod server;
mod state;
mod subscription;
mod webhooks;
mod wire;

pub use self::evidence::PublishedEvidence;
pub use self::openapi::openapi_document;
pub use self::options::ApiOptions;
pub use self::server::ApiServer;
pub use self::webhooks::{WebhookConfig, WebhookError, WebhookSender};
pub use self::wire::{Answer, ApiError, ErrorCode};
