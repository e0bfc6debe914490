#![doc = include_str!("../README.md")]

mod behavior;
mod bucket;
mod forward;
mod proxy;
mod tcp;

pub use crate::behavior::{Behavior, Words};
pub use crate::proxy::NodeProxy;
pub use crate::tcp::TcpProxy;
