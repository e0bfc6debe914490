//! JSON-RPC: the only part that knows methods, their arguments and error codes.
//!
//! Every method is a function from a [`NodeContext`] and [`Args`] to a result; [`methods`] and
//! [`dev`] list them.

mod args;
mod argument_error;
mod blocks;
mod calls;
mod convert;
mod debug;
mod dev;
mod error;
mod fees;
mod filters;
mod forked;
mod log_filter;
mod logs;
mod methods;
mod net;
mod parity;
mod parse;
mod raw;
mod raw_send;
mod request;
mod send;
mod server;
mod signing;
mod simulate;
mod state;
mod subscription_kind;
mod subscriptions;
mod wallet;
mod websocket;

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use alloy::primitives::{B256, keccak256};
use serde_json::Value;
use tokio::sync::watch;

use crate::{
    Account,
    chain::{Chain, ChainError, Genesis},
    fork::{self, ForkError, ForkOptions},
};

use args::Args;
use error::RpcError;
use filters::Filters;
pub(crate) use request::RequestHandler;
pub(crate) use server::{ServeError, Server, ServerHandle, serve};
use wallet::Wallet;

/// What methods work on.
#[derive(Debug)]
pub(crate) struct NodeContext {
    /// The chain.
    pub(crate) chain: Chain,
    /// Filters installed by clients.
    filters: Filters,
    /// Accounts that the node sends transactions for.
    wallet: Wallet,
    /// How a new chain begins.
    genesis: Genesis,
    /// What a new chain continues, if anything.
    fork: ForkOptions,
    /// Interval between blocks, if blocks are mined by time.
    block_time: watch::Sender<Option<Duration>>,
    /// Random id of this node.
    instance: B256,
    /// Whether each request is logged.
    logs_requests: bool,
}

impl NodeContext {
    /// A context for this chain with the keys of these accounts. `anvil_reset` starts a new chain
    /// with `genesis`. The receiver of `block_time` mines blocks at that interval.
    pub(crate) fn new(
        chain: Chain,
        accounts: &[Account],
        (genesis, fork): (Genesis, ForkOptions),
        block_time: watch::Sender<Option<Duration>>,
    ) -> Self {
        Self {
            chain,
            filters: Filters::default(),
            wallet: Wallet::new(accounts),
            genesis,
            fork,
            block_time,
            instance: keccak256(RandomState::new().hash_one(()).to_be_bytes()),
            logs_requests: true,
        }
    }

    /// Reverts to a snapshot; false if it does not exist.
    pub(crate) fn revert(&mut self, id: u64) -> bool {
        let reverted = self.chain.revert(id);
        self.filters.rewind(self.chain.height());
        reverted
    }

    /// Sets whether every account may send without a signature.
    pub(crate) const fn impersonate_all(&mut self, all: bool) {
        self.wallet.impersonate_all(all);
    }
}

impl NodeContext {
    /// Runs a method.
    fn run(&mut self, name: &'static str, method: Method, args: Args) -> MethodResult {
        if self.logs_requests {
            tracing::debug!(method = name, "request");
        }
        self.attempt(|node| match forked::answer(node, name, &args)? {
            Some(answer) => Ok(answer),
            None => method(node, args),
        })
        .unwrap_or_else(|error| Err(ChainError::from(error).into()))
    }

    /// Runs a task. If a read of the fork fails, the chain is as before.
    ///
    /// # Errors
    /// That of the read.
    pub(crate) fn attempt<R>(&mut self, task: impl FnOnce(&mut Self) -> R) -> Result<R, ForkError> {
        if self.chain.forked().is_none() {
            return Ok(task(self));
        }
        let before = self.chain.guard();
        let done = fork::attempt(|| task(self));
        match done {
            Ok(_) => self.chain.release_guard(),
            Err(_) => self.chain.restore(before),
        }
        done
    }

    /// Mines a block because it is time.
    pub(crate) fn mine_by_time(&mut self) {
        if let Err(error) = self.attempt(|node| node.chain.mine()) {
            tracing::error!(%error, "no block mined");
        }
    }
}

/// Result of a method.
type MethodResult = Result<Value, RpcError>;

/// A method.
type Method = fn(&mut NodeContext, Args) -> MethodResult;
