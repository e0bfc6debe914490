//! Wei that wait for their owner. All wei leave by here, but for the escrow of a new agreement.

use muster_contract_kit::{Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{
    Credited, NothingToWithdraw, TransferFailed, Withdrawn,
};
use stylus_sdk::alloy_primitives::Address;

use crate::state::{CREDITS, Credit};

/// Gas for a receiver that did not ask to be called: enough for a contract to take note, not enough to
/// do harm.
const REFUND_GAS: u64 = 50_000;

/// Adds to what an account can withdraw.
pub(crate) fn add(account: Address, wei: u128) {
    if wei != 0 {
        CREDITS.update(account, |credit| credit.wei = credit.wei.saturating_add(wei));
    }
}

/// Sends wei under lock, so that nothing here can be called meanwhile. Tells whether they were taken.
fn send(to: Address, wei: u128, gas: u64) -> bool {
    host::set_locked(true);
    let taken = host::call(to, wei, gas, &[]);
    host::set_locked(false);
    taken
}

/// Gives wei back to a buyer; credits them if it does not take them. Comes last in a call.
pub(crate) fn refund(account: Address, amount: u128) {
    if amount != 0 && !send(account, amount, REFUND_GAS) {
        add(account, amount);
        emit(&Credited { account, amount });
    }
}

/// `withdraw(address)`.
pub(crate) fn withdraw(args: &mut Args) -> Result<u128, Reverted> {
    let to = args.next()?;
    let account = host::caller();
    let amount = CREDITS.get(account).wei;
    if amount == 0 {
        return Err(revert(&NothingToWithdraw { account }));
    }
    CREDITS.set(account, &Credit { wei: 0 });
    emit(&Withdrawn { account, to, amount });
    if !send(to, amount, u64::MAX) {
        return Err(revert(&TransferFailed { to, amount }));
    }
    Ok(amount)
}

/// `credit(address)`.
pub(crate) fn credit(args: &mut Args) -> Result<u128, Reverted> {
    Ok(CREDITS.get(args.next()?).wei)
}
