//! Credits: wei that accounts can withdraw. All transfers out of the dispatcher are here, except the escrow
//! of a new agreement.

use muster_contract_kit::{Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkerDispatcher::{
    Credited, NothingToWithdraw, TransferFailed, Withdrawn,
};
use stylus_sdk::alloy_primitives::Address;

use crate::state::{CREDITS, Credit};

/// Gas for the receiver of a refund: enough for a contract to record the payment. The receiver did not ask
/// for the call, so it must not consume the client's gas.
const REFUND_GAS: u64 = 50_000;

/// Adds wei to the credit of an account.
pub(crate) fn add(account: Address, wei: u128) {
    if wei != 0 {
        CREDITS.update(account, |credit| credit.wei = credit.wei.saturating_add(wei));
    }
}

/// Sends wei while the lock is held, so that the receiver cannot call back in. Returns whether the transfer
/// succeeded.
fn send(to: Address, wei: u128, gas: u64) -> bool {
    host::set_locked(true);
    let succeeded = host::call(to, wei, gas, &[]);
    host::set_locked(false);
    succeeded
}

/// Sends wei back to a client, or credits them if the transfer fails. Must be the last step of a call.
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
