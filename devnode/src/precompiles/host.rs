//! The chain as the precompiles see it.

use alloy::primitives::{Address, B256, Bytes, LogData, U256};
use stylus_engine::Pages;

use crate::{exec::ModuleCache, state::arbos::ArbosStorage};

/// What does not change while a transaction runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockContext {
    /// Height of the block.
    pub(crate) height: u64,
    /// Unix second of the block.
    pub(crate) timestamp: u64,
    /// Wei per gas of the block.
    pub(crate) base_fee: u64,
}

/// The chain around a call of a precompile. Nothing here costs gas: callers account for it.
pub(crate) trait PrecompileHost: ArbosStorage {
    /// What does not change.
    fn block_context(&self) -> BlockContext;

    /// The hash of a block of this chain; `None` if it is not below the current one.
    fn block_hash(&self, height: u64) -> Option<B256>;

    /// Wei that an account has.
    fn balance(&mut self, account: Address) -> U256;

    /// The code of an account.
    fn code(&mut self, account: Address) -> Bytes;

    /// The hash of an account's code; zero if there is no account.
    fn code_hash(&mut self, account: Address) -> B256;

    /// Replaces the code of an account.
    fn set_code(&mut self, account: Address, code: Bytes);

    /// Moves money without running any code; false if there is too little.
    fn transfer(&mut self, from: Address, to: Address, value: U256) -> bool;

    /// Takes money out of the world, as far as the account has it.
    fn burn(&mut self, account: Address, value: U256);

    /// Records an event.
    fn log(&mut self, address: Address, data: LogData);

    /// Wasm pages that the transaction has open.
    fn pages(&self) -> Pages;

    /// The compiled programs of the chain.
    fn module_cache(&mut self) -> &mut ModuleCache;
}
