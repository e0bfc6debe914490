//! Balances, credits and transfers of wei.

use alloy_primitives::Address;

use super::{Model, ModelRevert, dispatcher_revert};
use crate::abi::IWorkerDispatcher::{Credited, NothingToWithdraw, TransferFailed, Withdrawn};

impl Model {
    /// Adds wei to an account from outside the model.
    pub fn fund(&mut self, account: Address, wei: u128) {
        *self.balances.entry(account).or_default() += wei;
    }

    /// Removes wei from an account, such as the gas fee.
    ///
    /// # Panics
    /// If it holds less.
    pub fn charge_fee(&mut self, account: Address, wei: u128) {
        *self.balances.entry(account).or_default() -= wei;
    }

    /// Makes an account reject transfers from now on.
    pub fn set_non_payable(&mut self, account: Address) {
        self.non_payable.insert(account);
    }

    /// Moves wei between accounts, also to one that rejects transfers.
    ///
    /// # Panics
    /// If `from` holds less.
    pub fn transfer(&mut self, from: Address, to: Address, wei: u128) {
        self.charge_fee(from, wei);
        self.fund(to, wei);
    }

    /// Balance of an account in wei.
    #[must_use]
    pub fn balance(&self, account: Address) -> u128 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// Sum of all balances in wei.
    #[must_use]
    pub fn total_balance(&self) -> u128 {
        self.balances.values().sum()
    }

    /// Credit of an account in wei.
    #[must_use]
    pub fn credit(&self, account: Address) -> u128 {
        self.credits.get(&account).copied().unwrap_or(0)
    }

    /// Wei burned so far; the dispatcher holds them for ever.
    #[must_use]
    pub const fn burned(&self) -> u128 {
        self.burned
    }

    /// The sum of stakes, credits and burned wei: the balance that the dispatcher must have.
    #[must_use]
    pub fn liabilities(&self) -> u128 {
        let stakes: u128 = self.members.iter().map(|member| member.stake).sum();
        stakes + self.credits.values().sum::<u128>() + self.burned
    }

    /// Adds wei to the credit of an account.
    pub(super) fn add_credit(&mut self, account: Address, wei: u128) {
        *self.credits.entry(account).or_default() += wei;
    }

    /// Sends wei of the dispatcher to a client, or credits them if it rejects transfers.
    pub(super) fn refund(&mut self, account: Address, amount: u128) {
        if amount == 0 {
            return;
        }
        if self.non_payable.contains(&account) {
            self.add_credit(account, amount);
            self.emit(Credited { account, amount });
        } else {
            self.transfer(self.dispatcher, account, amount);
        }
    }

    /// `withdraw(address)`.
    pub(super) fn withdraw(&mut self, from: Address, to: Address) -> Result<u128, ModelRevert> {
        let amount = self.credit(from);
        if amount == 0 {
            return dispatcher_revert(NothingToWithdraw { account: from });
        }
        if self.non_payable.contains(&to) {
            return dispatcher_revert(TransferFailed { to, amount });
        }
        self.credits.remove(&from);
        self.emit(Withdrawn { account: from, to, amount });
        self.transfer(self.dispatcher, to, amount);
        Ok(amount)
    }
}
