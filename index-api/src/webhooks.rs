//! Webhooks: notices of an index, sent to those who want them, signed, until they are taken.

mod config;
mod sender;
mod signature;

pub use self::config::{WebhookConfig, WebhookError};
pub use self::sender::WebhookSender;
