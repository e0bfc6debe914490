//! The host functions of Stylus: what a program can ask for, what it pays, what it gets.
//!
//! - [`table`]: every import by name and type, and how it is bound to the interpreter.
//! - [`hook`]: ink and memory of the program during one host call.
//! - [`price`]: the prices that several hooks share.
//! - one module for each family of hooks.
//!
//! Pointers and lengths are unsigned, words big-endian, counts that go to memory little-endian. What
//! lies behind the hooks belongs to the [`World`].

mod account;
mod block;
mod call;
mod console;
mod crypto;
mod hook;
mod log;
mod math;
mod memory;
mod message;
mod price;
mod storage;
mod table;

use alloy_primitives::{Address, Bytes};
use wasmi::{Global, Memory};

use self::storage::Cache;
use crate::{Params, World};

pub(crate) use self::{
    hook::Escape,
    table::{MODULE, bind, signature},
};

/// The parts of a running program that hooks reach into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    /// The program's memory.
    pub(crate) memory: Memory,
    /// Ink that is left.
    pub(crate) ink: Global,
    /// Whether the ink is used up.
    pub(crate) status: Global,
}

/// One call of a program, as its hooks see it.
pub(crate) struct Host<'w> {
    /// The chain.
    pub(crate) world: &'w mut dyn World,
    /// The chain's settings.
    pub(crate) params: &'w Params,
    /// Calldata.
    pub(crate) input: &'w [u8],
    /// What the program has written as its result.
    pub(crate) output: Vec<u8>,
    /// The program's parts; absent until it is instantiated.
    pub(crate) parts: Option<Parts>,
    /// What the last call or creation returned.
    returned: Bytes,
    /// Storage that was read or written.
    storage: Cache,
    /// The last code that was asked for, unless it was empty.
    code: Option<(Address, Bytes)>,
}

impl<'w> Host<'w> {
    /// The begin of a call.
    pub(crate) fn new(world: &'w mut dyn World, params: &'w Params, input: &'w [u8]) -> Self {
        Self {
            world,
            params,
            input,
            output: Vec::new(),
            parts: None,
            returned: Bytes::new(),
            storage: Cache::default(),
            code: None,
        }
    }
}
