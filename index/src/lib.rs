#![doc = include_str!("../README.md")]

mod batch;
pub mod database;
mod database_error;
mod day;
mod error;
mod follower;
mod index;
mod market_id;
pub mod notices;
mod projection;
pub mod query;
mod query_error;

pub use crate::batch::{Batch, Block};
pub use crate::error::IndexError;
pub use crate::follower::{Follower, Progress};
pub use crate::index::Index;
pub use crate::market_id::{MarketId, MarketIdentity, REORG_DEPTH};
pub use crate::query_error::QueryError;
