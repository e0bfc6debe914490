//! Cheats: direct changes of accounts and time, which a real chain does not allow. Changes of
//! accounts take effect in the latest block.

use alloy::primitives::{Address, Bytes, U256};
use revm::{bytecode::Bytecode, state::AccountInfo};

use super::{Chain, ChainError};
use crate::{
    Network,
    state::{BlockArbosStorage, arbos::ARBOS, l2_pricing, settings::Setting},
};

impl Chain {
    /// Sets the balance of an account, in wei.
    pub(crate) fn set_balance(&mut self, account: Address, balance: U256) {
        self.update_account(account, |info| info.balance = balance);
    }

    /// Sets the nonce of an account.
    pub(crate) fn set_nonce(&mut self, account: Address, nonce: u64) {
        self.update_account(account, |info| info.nonce = nonce);
    }

    /// Sets the code of an account. A program still needs activation.
    pub(crate) fn set_code(&mut self, account: Address, code: Bytes) {
        // Only a delegation can be malformed; it then counts as ordinary code.
        let code =
            Bytecode::new_raw_checked(code.clone()).unwrap_or_else(|_| Bytecode::new_legacy(code));
        self.update_account(account, |info| {
            info.set_code(code);
        });
    }

    /// Sets a storage word of an account.
    pub(crate) fn set_storage_at(&mut self, account: Address, key: U256, value: U256) {
        let height = self.height();
        // Storage of an account that does not exist would be ignored.
        if self.store.account(account, height).is_none() {
            self.store.write_account(height, account, AccountInfo::default());
        }
        self.store.write_slot(height, account, key, value);
        self.notify_change();
    }

    /// Sets the base fee of the following blocks in wei per gas, through the chain owner's
    /// settings.
    pub(crate) fn set_base_fee(&mut self, fee: U256) {
        let slots = [Setting::BaseFee, Setting::MinBaseFee].map(Setting::slot);
        for slot in slots {
            self.set_storage_at(ARBOS, slot, fee);
        }
    }

    /// Moves the clock forward.
    pub(crate) fn increase_time(&mut self, seconds: u64) {
        self.clock.advance(seconds);
        self.notify_change();
    }

    /// Sets the clock.
    ///
    /// # Errors
    /// If the latest block has a later timestamp.
    pub(crate) fn set_time(&mut self, timestamp: u64) -> Result<(), ChainError> {
        self.check_timestamp(timestamp)?;
        self.clock.set(timestamp);
        self.notify_change();
        Ok(())
    }

    /// Sets the timestamp of the next block; the clock runs on from there.
    ///
    /// # Errors
    /// If the latest block has a later timestamp.
    pub(crate) fn set_next_block_timestamp(&mut self, timestamp: u64) -> Result<(), ChainError> {
        self.check_timestamp(timestamp)?;
        self.clock.next_timestamp = Some(timestamp);
        self.notify_change();
        Ok(())
    }

    /// Sets the seconds between consecutive blocks; `None` uses the clock. Returns the old value.
    pub(crate) fn set_block_timestamp_interval(&mut self, interval: Option<u64>) -> Option<u64> {
        let before = std::mem::replace(&mut self.clock.block_interval, interval);
        self.notify_change();
        before
    }

    /// Discards all backlog: the gas of the set-up, which takes no time, affects no price.
    pub(super) fn reset_base_fee(&mut self, network: Network) {
        let height = self.height();
        let mut words = BlockArbosStorage::new(&mut self.store, height);
        Setting::GasBacklog.set(&mut words, U256::ZERO);
        Setting::BaseFee.set(&mut words, U256::from(network.min_base_fee()));
        l2_pricing::set_constraints(&mut words, &network.constraints());
    }

    /// Sets the price of a unit of data on the parent chain, in wei.
    pub(super) fn set_l1_price(&mut self, price: u64) {
        let height = self.height();
        let mut words = BlockArbosStorage::new(&mut self.store, height);
        Setting::L1PricePerUnit.set(&mut words, U256::from(price));
    }

    /// Sets the height of the parent chain from the next block on, from where it goes on to grow.
    ///
    /// # Errors
    /// If the latest block has a greater one.
    pub(crate) fn set_l1_height(&mut self, height: u64) -> Result<(), ChainError> {
        let latest = self.latest().l1_height();
        if height < latest {
            return Err(ChainError::L1HeightBelowLatest { height, latest });
        }
        self.parent_clock.set_height(height, self.clock.now());
        self.notify_change();
        Ok(())
    }

    /// Sets the seconds between blocks of the parent chain; `None` and zero stop it.
    pub(crate) fn set_l1_block_time(&mut self, seconds: Option<u64>) {
        self.parent_clock.set_block_time(seconds, self.clock.now());
        self.notify_change();
    }

    /// Rejects a timestamp before that of the latest block.
    fn check_timestamp(&self, timestamp: u64) -> Result<(), ChainError> {
        if timestamp < self.latest().header.timestamp {
            return Err(ChainError::TimestampBeforeLatest(timestamp));
        }
        Ok(())
    }

    /// Changes an account.
    fn update_account(&mut self, account: Address, change: impl FnOnce(&mut AccountInfo)) {
        let height = self.height();
        let mut info = self.store.account(account, height).unwrap_or_default();
        change(&mut info);
        self.store.write_account(height, account, info);
        self.notify_change();
    }
}
