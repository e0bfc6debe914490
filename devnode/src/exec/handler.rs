//! Fees of a message: deducting them in advance, refunding unused gas, and paying the recipients.
//!
//! The chain has validated the message before, so nothing here rejects it.

use std::{convert::Infallible, marker::PhantomData};

use revm::{
    context::result::EVMError,
    context_interface::{
        ContextTr, JournalTr, Transaction, journaled_state::account::JournaledAccountTr,
        result::HaltReason,
    },
    handler::{EvmTr, FrameResult, Handler},
    interpreter::InitialAndFloorGas,
};

use super::{evm::ArbEvm, message::fee, refund};
use crate::state::{arbos::to_address, l1_pricing::FUNDS_POOL, settings::Setting};

/// The message handler of revm with Arbitrum's fees.
#[derive(Default)]
pub(super) struct ArbHandler<'a>(PhantomData<&'a ()>);

impl<'a> Handler for ArbHandler<'a> {
    type Evm = ArbEvm<'a>;
    type Error = EVMError<Infallible>;
    type HaltReason = HaltReason;

    fn validate_env(&self, _evm: &mut Self::Evm) -> Result<(), Self::Error> {
        Ok(())
    }

    fn validate_against_state_and_deduct_caller(
        &self,
        evm: &mut Self::Evm,
        _gas: &mut InitialAndFloorGas,
    ) -> Result<(), Self::Error> {
        let ctx = evm.ctx();
        let beside = ctx.chain.held_gas.saturating_add(ctx.chain.data_charge.gas);
        let gas = ctx.tx.gas_limit().saturating_add(beside);
        let advance = fee(gas, ctx.chain.paid_price);
        let (tx, journal) = ctx.tx_journal_mut();
        let mut sender = journal.load_account_with_code_mut(tx.caller())?.data;
        let balance = sender.balance().saturating_sub(advance);
        sender.set_balance(balance);
        if tx.kind().is_call() {
            sender.bump_nonce();
        }
        Ok(())
    }

    fn reimburse_caller(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Self::Error> {
        let ctx = evm.ctx();
        let gas = result.gas();
        let refunded = u64::try_from(gas.refunded()).unwrap_or_default();
        let unused = gas.remaining().saturating_add(refunded).saturating_add(ctx.chain.held_gas);
        let back = fee(unused, ctx.chain.paid_price);
        let sender = ctx.tx.caller();
        ctx.journal_mut().load_account_mut(sender)?.incr_balance(back);
        Ok(())
    }

    fn reward_beneficiary(
        &self,
        evm: &mut Self::Evm,
        result: &mut FrameResult,
    ) -> Result<(), Self::Error> {
        let ctx = evm.ctx();
        let (gas, price) = (result.gas().used(), ctx.chain.paid_price);
        let network = to_address(Setting::NetworkFeeAccount.get(ctx));
        let infrastructure = to_address(Setting::InfraFeeAccount.get(ctx));
        let mut rest = price;
        if !infrastructure.is_zero() {
            let share = price.min(Setting::MinBaseFee.get(ctx).saturating_to());
            rest = price.saturating_sub(share);
            ctx.journal_mut().load_account_mut(infrastructure)?.incr_balance(fee(gas, share));
        }
        ctx.journal_mut().load_account_mut(network)?.incr_balance(fee(gas, rest));
        if ctx.chain.data_charge.gas > 0 {
            let data_fee = fee(ctx.chain.data_charge.gas, price);
            ctx.journal_mut().load_account_mut(FUNDS_POOL)?.incr_balance(data_fee);
        }
        if ctx.chain.block_context.arbos.pays_differences() && price > 0 {
            let gas = gas.saturating_add(ctx.chain.data_charge.gas);
            refund::pay_difference(ctx, gas);
        }
        Ok(())
    }
}
