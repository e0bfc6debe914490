//! Wei: who holds how much, who is owed how much, and who takes any.

use alloy_primitives::Address;

use super::{Model, ModelRevert, dispatcher_revert};
use crate::abi::IWorkerDispatcher::{Credited, NothingToWithdraw, TransferFailed, Withdrawn};

impl Model {
    /// Gives wei to somebody from outside.
    pub fn fund(&mut self, account: Address, wei: u128) {
        *self.balances.entry(account).or_default() += wei;
    }

    /// Takes wei from somebody for the outside: the chain's fee, say.
    pub fn charge_fee(&mut self, account: Address, wei: u128) {
        *self.balances.entry(account).or_default() -= wei;
    }

    /// From now on an account refuses ether that is sent to it.
    pub fn set_non_payable(&mut self, account: Address) {
        self.non_payable.insert(account);
    }

    /// Moves wei that `from` holds, without asking anybody.
    pub fn transfer(&mut self, from: Address, to: Address, wei: u128) {
        self.charge_fee(from, wei);
        self.fund(to, wei);
    }

    /// What an account holds.
    #[must_use]
    pub fn balance(&self, account: Address) -> u128 {
        self.balances.get(&account).copied().unwrap_or(0)
    }

    /// What all accounts hold together.
    #[must_use]
    pub fn total_balance(&self) -> u128 {
        self.balances.values().sum()
    }

    /// What an account can withdraw.
    #[must_use]
    pub fn credit(&self, account: Address) -> u128 {
        self.credits.get(&account).copied().unwrap_or(0)
    }

    /// Wei that belong to nobody any more.
    #[must_use]
    pub const fn burned(&self) -> u128 {
        self.burned
    }

    /// What the dispatcher must be able to pay or keep: stakes, credits, and what was burned.
    #[must_use]
    pub fn liabilities(&self) -> u128 {
        let stakes: u128 = self.members.iter().map(|member| member.stake).sum();
        stakes + self.credits.values().sum::<u128>() + self.burned
    }

    /// Adds to what an account can withdraw.
    pub(super) fn add_credit(&mut self, account: Address, wei: u128) {
        *self.credits.entry(account).or_default() += wei;
    }

    /// Sends wei of the dispatcher to a buyer, or credits them if it takes none.
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
