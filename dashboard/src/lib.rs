#![doc = include_str!("../README.md")]

mod actions;
mod assets;
mod charts;
mod config;
mod error;
mod follow;
mod headers;
mod layout;
mod live;
mod pages;
mod palette;
mod parts;
mod router;
mod site;
mod state;
mod text;

pub use crate::config::{DashboardConfig, DocumentText};
pub use crate::error::DashboardError;
pub use crate::router::router;
