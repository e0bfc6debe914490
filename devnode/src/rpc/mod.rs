//! JSON-RPC: words of Ethereum on the outside, the chain on the inside.
//!
//! Every method is a function from a [`Node`] and its arguments to an answer; [`methods`] lists them.

mod args;
mod blocks;
mod calls;
mod convert;
mod debug;
mod dev;
mod error;
mod fees;
mod filters;
mod methods;
mod net;
mod request;
mod server;
mod signing;
mod state;
mod subscriptions;
mod wallet;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use alloy::primitives::{B256, keccak256};
use serde_json::Value;
use tokio::sync::watch;

use crate::{Account, chain::Chain};

use args::Args;
use error::RpcError;
use filters::Filters;
pub(crate) use request::RequestHandler;
pub(crate) use server::{ServeError, Server, serve};
use wallet::Wallet;

/// What requests are answered from.
#[derive(Debug)]
pub(crate) struct NodeContext {
    /// The chain.
    pub(crate) chain: Chain,
    /// Filters that clients have installed.
    filters: Filters,
    /// Accounts that the node sends for.
    wallet: Wallet,
    /// The unix second in which chains begin; `None` for when they do.
    genesis: Option<u64>,
    /// How often blocks are made by time.
    block_time: watch::Sender<Option<Duration>>,
    /// Tells this node from every other.
    instance: B256,
}

impl NodeContext {
    /// Answers from this chain, with the keys of these accounts. A chain in its place would begin in
    /// the unix second `genesis`. Somebody else makes blocks at the given pace.
    pub(crate) fn new(
        chain: Chain,
        accounts: &[Account],
        genesis: Option<u64>,
        block_time: watch::Sender<Option<Duration>>,
    ) -> Self {
        Self {
            chain,
            filters: Filters::default(),
            wallet: Wallet::new(accounts),
            genesis,
            block_time,
            instance: keccak256(RandomState::new().hash_one(()).to_be_bytes()),
        }
    }
}

/// An answer, or why there is none.
type MethodResult = Result<Value, RpcError>;

/// A method.
type Method = fn(&mut NodeContext, Args) -> MethodResult;
