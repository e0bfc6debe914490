//! JSON-RPC: words of Ethereum on the outside, the chain on the inside.
//!
//! Every method is a function from a [`Node`] and its arguments to an answer; [`methods`] lists them.

mod args;
mod blocks;
mod calls;
mod dev;
mod error;
mod fees;
mod filters;
mod methods;
mod server;
mod shape;
mod state;
mod subscriptions;
mod words;

use serde_json::Value;

use crate::chain::Chain;

use args::Args;
use error::RpcError;
use filters::Filters;
pub(crate) use server::{ServeError, serve};

/// What requests are answered from.
#[derive(Debug)]
pub(crate) struct Node {
    /// The chain.
    pub(crate) chain: Chain,
    /// Filters that clients have installed.
    filters: Filters,
}

impl Node {
    /// Answers from this chain.
    pub(crate) fn new(chain: Chain) -> Self {
        Self { chain, filters: Filters::default() }
    }
}

/// An answer, or why there is none.
type Reply = Result<Value, RpcError>;

/// A method.
type Method = fn(&mut Node, Args) -> Reply;
