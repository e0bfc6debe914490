//! The host of Arbitrum's precompiles, implemented by the context of a message.
//!
//! Reads do not affect the access list: precompiles read the state directly, not through the EVM.

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, Log, LogData, U256};
use revm::{
    Database,
    bytecode::Bytecode,
    context_interface::{ContextTr, JournalTr, journaled_state::account::JournaledAccountTr},
    state::AccountInfo,
};
use stylus_engine::{Module, Pages};

use super::evm::Ctx;
use crate::{
    precompiles::{BlockContext, PrecompileHost},
    state::arbos::{ARBOS, ArbosStorage},
};

/// Ether moved by a precompile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    /// Sender.
    pub(super) from: Address,
    /// Recipient.
    pub(super) to: Address,
    /// Amount in wei.
    pub(super) value: U256,
}

/// The current account, without making it warm; `None` if it does not exist.
fn read_account(ctx: &mut Ctx<'_>, account: Address) -> Option<AccountInfo> {
    if let Some(loaded) = ctx.journaled_state.state.get(&account) {
        let exists = !loaded.is_empty();
        let code_unread = loaded.info.code.is_none() && !loaded.info.is_empty_code_hash();
        if !code_unread {
            return exists.then(|| loaded.info.clone());
        }
    }
    let Ok(stored) = ctx.journaled_state.database.basic(account);
    stored
}

impl ArbosStorage for Ctx<'_> {
    fn word(&mut self, slot: U256) -> U256 {
        let account = self.journaled_state.state.get(&ARBOS);
        if let Some(known) = account.and_then(|account| account.storage.get(&slot)) {
            return known.present_value();
        }
        let Ok(word) = self.journaled_state.database.storage(ARBOS, slot);
        word
    }

    fn set_word(&mut self, slot: U256, value: U256) {
        let journal = self.journal_mut();
        let Ok(_) = journal.load_account(ARBOS);
        let Ok(_) = journal.sstore(ARBOS, slot, value);
        journal.touch_account(ARBOS);
    }
}

impl PrecompileHost for Ctx<'_> {
    fn block_context(&self) -> BlockContext {
        self.chain.block_context
    }

    fn data_units(&self) -> u64 {
        self.chain.data_charge.units
    }

    fn data_fee(&self) -> U256 {
        self.chain.data_fee()
    }

    fn block_hash(&self, height: u64) -> Option<B256> {
        self.chain.hashes.get(height)
    }

    fn balance(&mut self, account: Address) -> U256 {
        read_account(self, account).map(|info| info.balance).unwrap_or_default()
    }

    fn code(&mut self, account: Address) -> Bytes {
        let code = read_account(self, account).and_then(|info| info.code);
        code.map(|code| code.original_bytes()).unwrap_or_default()
    }

    fn access_code(&mut self, account: Address) -> (Bytes, bool) {
        let Ok(code) = self.journal_mut().code(account);
        (code.data, code.is_cold)
    }

    fn code_hash(&mut self, account: Address) -> B256 {
        let hash = |info: AccountInfo| {
            if info.code_hash.is_zero() { KECCAK256_EMPTY } else { info.code_hash }
        };
        read_account(self, account).map(hash).unwrap_or_default()
    }

    fn set_code(&mut self, account: Address, code: Bytes) {
        let journal = self.journal_mut();
        let Ok(_) = journal.load_account(account);
        journal.set_code(account, Bytecode::new_legacy(code));
    }

    fn transfer(&mut self, from: Address, to: Address, value: U256) -> bool {
        let Ok(refused) = self.journal_mut().transfer(from, to, value);
        if refused.is_none() {
            self.chain.transfers.push(Transfer { from, to, value });
        }
        refused.is_none()
    }

    fn burn(&mut self, account: Address, value: U256) {
        let Ok(mut loaded) = self.journal_mut().load_account_mut(account);
        loaded.decr_balance(value);
    }

    fn log(&mut self, address: Address, data: LogData) {
        self.journal_mut().log(Log { address, data });
    }

    fn pages(&self) -> Pages {
        self.chain.pages
    }

    fn chain_id(&self) -> u64 {
        self.cfg.chain_id
    }

    fn cache_module(&mut self, code_hash: B256, module: Module) {
        let stylus = self.chain.stylus();
        self.chain.module_cache.insert(stylus, code_hash, module);
    }
}
