//! What the sender gets back in ArbOS 60 that no receipt shows.
//!
//! ArbOS 60 compares what the sender paid with the sum over all resources of gas times the fee of
//! the resource, even on a chain without constraints on resources. There, that fee is the base fee
//! stored for the next block, and gas of a program that could not be entered is of no resource.

use alloy::primitives::U256;
use revm::context_interface::{
    ContextTr, JournalTr, Transaction, journaled_state::account::JournaledAccountTr,
};

use super::evm::Ctx;
use crate::state::{arbos::to_address, settings::Setting};

/// Pays the difference for `gas_used` back to the sender, if it is in the sender's favour.
pub(super) fn pay_difference(ctx: &mut Ctx<'_>, gas_used: u64) {
    let price = |gas: u64, fee: U256| U256::from(gas).saturating_mul(fee);
    let paid = price(gas_used, U256::from(ctx.chain.block_context.base_fee));
    let counted = gas_used.saturating_sub(ctx.chain.uncounted_gas);
    let due = price(counted, Setting::BaseFee.get(ctx));
    let back = paid.saturating_sub(due);
    if back.is_zero() {
        return;
    }
    let (network, sender) = (to_address(Setting::NetworkFeeAccount.get(ctx)), ctx.tx.caller());
    let Ok(mut payer) = ctx.journal_mut().load_account_mut(network);
    if payer.decr_balance(back) {
        let Ok(mut account) = ctx.journal_mut().load_account_mut(sender);
        account.incr_balance(back);
    }
}
