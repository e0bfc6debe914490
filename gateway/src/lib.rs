#![doc = include_str!("../README.md")]

mod address;
mod admission;
mod answer;
mod child;
mod config;
mod connection;
mod door;
mod error;
mod exchange;
mod headers;
mod pace;
mod receipts;
mod seats;
mod server;
mod stopping;
mod strangers;
mod token;
mod tunnel;
mod watched;

pub use address::Upstream;
pub use child::{Child, ChildLimits, Service};
pub use config::{Config, Limits};
pub use door::{Door, Refusal};
pub use error::GatewayError;
pub use headers::{asks_websocket, strip};
pub use receipts::{RECEIPT, Receipts, SESSION};
pub use server::Gateway;
pub use token::{Guest, Secret, TOKEN, Token};
