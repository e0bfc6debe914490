//! The credit ledger of `with-sdk`, written with muster-contract-kit as the market's contracts are.
#![cfg_attr(target_arch = "wasm32", no_std)]

use alloy_primitives::Address;
use alloy_sol_types::sol;
use muster_contract_kit::{
    Args, Reverted, StorageMap, abi_errors, abi_events, contract, emit, host, revert,
};
use muster_protocol::packed;

use ICreditLedger::{
    Deposited, NothingToWithdraw, TransferFailed, Withdrawn, creditCall, depositCall, withdrawCall,
};

sol! {
    interface ICreditLedger {
        event Deposited(address indexed account, uint128 amount);
        event Withdrawn(address indexed account, address indexed to, uint128 amount);

        error NothingToWithdraw(address account);
        error TransferFailed(address to, uint128 amount);

        function credit(address account) external view returns (uint128);
        function deposit() external payable;
        function withdraw(address to) external returns (uint128);
    }
}

abi_events! {
    Deposited [account] [amount]
    Withdrawn [account to] [amount]
}

abi_errors! {
    NothingToWithdraw { account }
    TransferFailed { to, amount }
}

packed! {
    /// One account.
    struct Account [32] {
        /// Wei.
        amount: u128 = 16,
        /// Number of deposits.
        deposits: u64 = 8,
        /// Unix second of the last change.
        updated: u64 = 8,
    }
}

/// Credits by account.
const ACCOUNTS: StorageMap<0, Address, Account> = StorageMap::new();

contract! {
    view creditCall   => credit;
    pay  depositCall  => deposit;
    call withdrawCall => withdraw;
}

/// `credit(address)`.
fn credit(args: &mut Args) -> Result<u128, Reverted> {
    Ok(ACCOUNTS.get(args.next()?).amount)
}

/// `deposit()`.
fn deposit(_: &mut Args) {
    let (account, amount) = (host::caller(), host::value());
    ACCOUNTS.update(account, |record| {
        record.amount = record.amount.saturating_add(amount);
        record.deposits = record.deposits.saturating_add(1);
        record.updated = host::timestamp();
    });
    emit(&Deposited { account, amount });
}

/// `withdraw(address)`.
fn withdraw(args: &mut Args) -> Result<u128, Reverted> {
    let to = args.next()?;
    let account = host::caller();
    let record = ACCOUNTS.get(account);
    let amount = record.amount;
    if amount == 0 {
        return Err(revert(&NothingToWithdraw { account }));
    }
    ACCOUNTS.set(account, &Account { amount: 0, updated: host::timestamp(), ..record });
    emit(&Withdrawn { account, to, amount });
    host::set_locked(true);
    let succeeded = host::call(to, amount, u64::MAX, &[]);
    host::set_locked(false);
    if succeeded { Ok(amount) } else { Err(revert(&TransferFailed { to, amount })) }
}
