//! The chain as the precompiles see it.

use alloy::primitives::{Address, B256, Bytes, LogData, U256};
use stylus_engine::{Module, Pages};

use crate::state::{arbos::ArbosStorage, arbos_version::ArbosVersion};

/// Constants of a block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlockContext {
    /// Height of the block.
    pub(crate) height: u64,
    /// Height of the parent chain.
    pub(crate) l1_height: u64,
    /// Unix second of the block.
    pub(crate) timestamp: u64,
    /// Base fee of the block in wei per gas.
    pub(crate) base_fee: u64,
    /// Version of ArbOS.
    pub(crate) arbos: ArbosVersion,
}

/// The chain around a call of a precompile. No method charges gas: the precompiles do.
pub(crate) trait PrecompileHost: ArbosStorage {
    /// Constants of the block.
    fn block_context(&self) -> BlockContext;

    /// Units of the transaction's data on the parent chain.
    fn data_units(&self) -> u64;

    /// Fee for that data in wei.
    fn data_fee(&self) -> U256;

    /// The hash of a block of this chain; `None` if it is not below the current one.
    fn block_hash(&self, height: u64) -> Option<B256>;

    /// Balance of an account in wei.
    fn balance(&mut self, account: Address) -> U256;

    /// Code of an account.
    fn code(&mut self, account: Address) -> Bytes;

    /// Code of an account, and whether the transaction had not accessed the account before; it has
    /// now.
    fn access_code(&mut self, account: Address) -> (Bytes, bool);

    /// Code hash of an account; zero if the account does not exist.
    fn code_hash(&mut self, account: Address) -> B256;

    /// Replaces the code of an account.
    fn set_code(&mut self, account: Address, code: Bytes);

    /// Transfers ether without running code; false if the balance is too low.
    fn transfer(&mut self, from: Address, to: Address, value: U256) -> bool;

    /// Destroys ether of an account, as far as its balance goes.
    fn burn(&mut self, account: Address, value: U256);

    /// Records a log.
    fn log(&mut self, address: Address, data: LogData);

    /// Wasm pages that the transaction has open.
    fn pages(&self) -> Pages;

    /// Id of the chain.
    fn chain_id(&self) -> u64;

    /// Keeps the compiled module of a program that was just activated, to save compiling it again.
    fn cache_module(&mut self, code_hash: B256, module: Module);
}
