//! Wei: who holds how much, who is owed how much, and who takes any.

use alloy_primitives::Address;

use super::{Model, Refusal, no};
use crate::abi::IWorkerDispatcher::{Credited, NothingToWithdraw, TransferFailed, Withdrawn};

impl Model {
    /// Gives wei to somebody from outside.
    pub fn endow(&mut self, account: Address, wei: u128) {
        *self.purses.entry(account).or_default() += wei;
    }

    /// Takes wei from somebody for the outside: the chain's fee, say.
    pub fn charge(&mut self, account: Address, wei: u128) {
        *self.purses.entry(account).or_default() -= wei;
    }

    /// From now on an account refuses ether that is sent to it.
    pub fn deafen(&mut self, account: Address) {
        self.deaf.insert(account);
    }

    /// Moves wei that `from` holds, without asking anybody.
    pub fn pay(&mut self, from: Address, to: Address, wei: u128) {
        self.charge(from, wei);
        self.endow(to, wei);
    }

    /// What an account holds.
    #[must_use]
    pub fn purse(&self, account: Address) -> u128 {
        self.purses.get(&account).copied().unwrap_or(0)
    }

    /// What all accounts hold together.
    #[must_use]
    pub fn held(&self) -> u128 {
        self.purses.values().sum()
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
    pub fn owed(&self) -> u128 {
        let stakes: u128 = self.members.iter().map(|member| member.stake).sum();
        stakes + self.credits.values().sum::<u128>() + self.burned
    }

    /// Adds to what an account can withdraw.
    pub(super) fn owe(&mut self, account: Address, wei: u128) {
        *self.credits.entry(account).or_default() += wei;
    }

    /// Sends wei of the dispatcher to a buyer, or credits them if it takes none.
    pub(super) fn give_back(&mut self, account: Address, amount: u128) {
        if amount == 0 {
            return;
        }
        if self.deaf.contains(&account) {
            self.owe(account, amount);
            self.say(Credited { account, amount });
        } else {
            self.pay(self.dispatcher, account, amount);
        }
    }

    /// `withdraw(address)`.
    pub(super) fn withdraw(&mut self, from: Address, to: Address) -> Result<u128, Refusal> {
        let amount = self.credit(from);
        if amount == 0 {
            return no(NothingToWithdraw { account: from });
        }
        if self.deaf.contains(&to) {
            return no(TransferFailed { to, amount });
        }
        self.credits.remove(&from);
        self.say(Withdrawn { account: from, to, amount });
        self.pay(self.dispatcher, to, amount);
        Ok(amount)
    }
}
