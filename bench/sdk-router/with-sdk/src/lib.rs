//! A credit ledger, written as the Stylus SDK's documentation teaches: storage structs, a generated router, typed
//! errors and events.
#![no_std]

#[macro_use]
extern crate alloc;

use alloc::vec::Vec;

use alloy_primitives::{Address, U64, U128, U256};
use alloy_sol_types::sol;
use stylus_sdk::call::transfer::transfer_eth;
use stylus_sdk::prelude::*;
use stylus_sdk::storage::{StorageMap, StorageU64, StorageU128};

sol! {
    event Deposited(address indexed account, uint128 amount);
    event Withdrawn(address indexed account, address indexed to, uint128 amount);

    error NothingToWithdraw(address account);
    error TransferFailed(address to, uint128 amount);
}

/// Why a withdrawal reverts.
#[derive(SolidityError)]
pub enum LedgerError {
    NothingToWithdraw(NothingToWithdraw),
    TransferFailed(TransferFailed),
}

/// Credits by account.
#[storage]
#[entrypoint]
pub struct CreditLedger {
    accounts: StorageMap<Address, Account>,
}

/// One account, packed into one word.
#[storage]
pub struct Account {
    /// Wei.
    amount: StorageU128,
    /// Number of deposits.
    deposits: StorageU64,
    /// Unix second of the last change.
    updated: StorageU64,
}

#[public]
impl CreditLedger {
    /// The credit of an account in wei.
    pub fn credit(&self, account: Address) -> u128 {
        self.accounts.getter(account).amount.get().to()
    }

    /// Adds the value to the caller's credit.
    #[payable]
    pub fn deposit(&mut self) {
        let (caller, value, now) =
            (self.vm().msg_sender(), self.vm().msg_value(), self.vm().block_timestamp());
        let mut account = self.accounts.setter(caller);
        let (amount, deposits) = (account.amount.get(), account.deposits.get());
        account.amount.set(amount.saturating_add(value.saturating_to()));
        account.deposits.set(deposits.saturating_add(U64::ONE));
        account.updated.set(U64::from(now));
        self.vm().log(Deposited { account: caller, amount: value.saturating_to() });
    }

    /// Sends the caller's whole credit to `to` and returns it.
    pub fn withdraw(&mut self, to: Address) -> Result<u128, LedgerError> {
        let (caller, now) = (self.vm().msg_sender(), self.vm().block_timestamp());
        let mut account = self.accounts.setter(caller);
        let amount: u128 = account.amount.get().to();
        if amount == 0 {
            return Err(NothingToWithdraw { account: caller }.into());
        }
        account.amount.set(U128::ZERO);
        account.updated.set(U64::from(now));
        self.vm().log(Withdrawn { account: caller, to, amount });
        match transfer_eth(self.vm(), to, U256::from(amount)) {
            Ok(()) => Ok(amount),
            Err(_) => Err(TransferFailed { to, amount }.into()),
        }
    }
}
