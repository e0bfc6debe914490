//! What nobody could do to a real chain: changing accounts and time by hand. Accounts change in the
//! newest block.

use alloy::primitives::{Address, Bytes, U256};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::{Chain, Refusal};
use crate::state::{arbos::ARBOS, settings::Setting};

impl Chain {
    /// Sets the balance of an account, in wei.
    pub(crate) fn set_balance(&mut self, account: Address, balance: U256) {
        self.edit(account, |info| info.balance = balance);
    }

    /// Sets how many transactions an account has sent.
    pub(crate) fn set_nonce(&mut self, account: Address, nonce: u64) {
        self.edit(account, |info| info.nonce = nonce);
    }

    /// Sets the code of an account. A program has to be activated like any other.
    pub(crate) fn set_code(&mut self, account: Address, code: Bytes) {
        // Only a delegation can be malformed, and then it is code like any other.
        let code =
            Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
        self.edit(account, |info| {
            info.set_code(code);
        });
    }

    /// Sets a storage word of an account.
    pub(crate) fn set_slot(&mut self, account: Address, key: U256, value: U256) {
        let height = self.height();
        // Storage without an account around it would not be looked at.
        if self.store.account(account, height).is_none() {
            self.store.write_account(height, account, AccountInfo::default());
        }
        self.store.write_slot(height, account, key, value);
        self.touch();
    }

    /// Sets the base fee of the blocks that follow, in wei per gas, as the owner of a chain can.
    pub(crate) fn set_base_fee(&mut self, fee: U256) {
        let slots = [Setting::BaseFee, Setting::MinBaseFee].map(Setting::slot);
        for slot in slots {
            self.set_slot(ARBOS, slot, fee);
        }
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, seconds: u64) {
        self.clock.advance(seconds);
        self.touch();
    }

    /// Sets the clock.
    ///
    /// # Errors
    /// If the newest block is later.
    pub(crate) fn set_time(&mut self, timestamp: u64) -> Result<(), Refusal> {
        self.check_time(timestamp)?;
        self.clock.set(timestamp);
        self.touch();
        Ok(())
    }

    /// Promises a time to the next block; the clock goes on from there.
    ///
    /// # Errors
    /// If the newest block is later.
    pub(crate) fn set_next_time(&mut self, timestamp: u64) -> Result<(), Refusal> {
        self.check_time(timestamp)?;
        self.clock.next = Some(timestamp);
        self.touch();
        Ok(())
    }

    /// Sets how many seconds each block is after the one before; `None` for what the clock says.
    /// What there was before.
    pub(crate) fn set_step(&mut self, step: Option<u64>) -> Option<u64> {
        let before = std::mem::replace(&mut self.clock.step, step);
        self.touch();
        before
    }

    /// Refuses a time before that of the newest block.
    fn check_time(&self, timestamp: u64) -> Result<(), Refusal> {
        if timestamp < self.latest().header.timestamp {
            return Err(Refusal::TimeTravel(timestamp));
        }
        Ok(())
    }

    /// Changes an account.
    fn edit(&mut self, account: Address, change: impl FnOnce(&mut AccountInfo)) {
        let height = self.height();
        let mut info = self.store.account(account, height).unwrap_or_default();
        change(&mut info);
        self.store.write_account(height, account, info);
        self.touch();
    }
}
