#![doc = include_str!("../README.md")]

mod error;
mod files;
mod server;

pub use error::TlsError;
pub use server::TlsServer;
pub use tokio_rustls::server::TlsStream;
