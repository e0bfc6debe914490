//! Ethereum's and Arbitrum's precompiles together, as revm asks for them.

use alloy::primitives::{
    Address, Bytes,
    map::{AddressMap, AddressSet},
};
use revm::{
    handler::{EthPrecompiles, PrecompileProvider, precompile_output_to_interpreter_result},
    interpreter::{CallInputs, CallScheme, Gas, InstructionResult, InterpreterResult},
    primitives::hardfork::SpecId,
};

use super::{evm::Ctx, halt::HaltDetail};
use crate::precompiles::{self, CallerInfo, PrecompileOutcome, PrecompileStatus};

/// All precompiles.
pub(super) struct ArbPrecompiles {
    /// Ethereum's.
    ethereum: EthPrecompiles,
    /// Every address that is warm from the start.
    warm: AddressSet,
    /// Precompiles that answer elsewhere: from that address to their own.
    moved: AddressMap<Address>,
    /// Addresses where code stands in for the precompile.
    replaced: Vec<Address>,
}

impl ArbPrecompiles {
    /// See [`super::Surroundings`] for the arguments.
    pub(super) fn new(moved: AddressMap<Address>, replaced: Vec<Address>) -> Self {
        let ethereum = EthPrecompiles::new(SpecId::OSAKA);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(precompiles::addresses());
        Self { ethereum, warm, moved, replaced }
    }
}

impl<'a> PrecompileProvider<Ctx<'a>> for ArbPrecompiles {
    type Output = InterpreterResult;

    fn set_spec(&mut self, _spec: SpecId) -> bool {
        false
    }

    fn run(
        &mut self,
        ctx: &mut Ctx<'a>,
        inputs: &CallInputs,
    ) -> Result<Option<InterpreterResult>, String> {
        let asked = inputs.bytecode_address;
        let own = match self.moved.get(&asked) {
            Some(&own) => own,
            None if self.replaced.contains(&asked) => return Ok(None),
            None => asked,
        };
        let caller = CallerInfo {
            address: inputs.caller,
            value: inputs.value.get(),
            read_only: inputs.is_static,
            is_delegated: matches!(inputs.scheme, CallScheme::DelegateCall | CallScheme::CallCode),
            depth: ctx.chain.call_stack.depth(),
            outer_caller: ctx.chain.call_stack.outer_caller(),
        };
        ctx.chain.transfers.clear();
        let input: Bytes = inputs.input.bytes(ctx);
        if let Some(done) = precompiles::run(ctx, caller, own, &input, inputs.gas_limit) {
            return interpreter_result(ctx, done, inputs.gas_limit).map(Some);
        }
        let Some(precompile) = self.ethereum.precompiles.get(&own) else { return Ok(None) };
        let output =
            precompile.execute(&input, inputs.gas_limit, 0).map_err(|fatal| fatal.to_string())?;
        if let Some(halt) = output.halt_reason()
            && ctx.chain.call_stack.depth() == 0
        {
            ctx.chain.halt_detail = Some(HaltDetail::Precompile(halt.clone()));
        }
        Ok(Some(precompile_output_to_interpreter_result(output, inputs.gas_limit)))
    }

    fn warm_addresses(&self) -> &AddressSet {
        &self.warm
    }
}

/// The end of a precompile in revm's terms.
///
/// # Errors
/// If the message comes to nothing; why is noted in the context.
fn interpreter_result(
    ctx: &mut Ctx<'_>,
    done: PrecompileOutcome,
    gas_limit: u64,
) -> Result<InterpreterResult, String> {
    let mut gas = Gas::new(gas_limit);
    gas.set_spent(gas_limit.saturating_sub(done.gas_left));
    let result = match done.status {
        PrecompileStatus::Success => InstructionResult::Return,
        PrecompileStatus::Revert => InstructionResult::Revert,
        PrecompileStatus::Halt(fault) => {
            if ctx.chain.call_stack.depth() == 0 {
                ctx.chain.halt_detail = Some(HaltDetail::Arbitrum(fault));
            }
            InstructionResult::PrecompileError
        }
        PrecompileStatus::Unimplemented(missing) => {
            ctx.chain.abort(missing.into());
            return Err(String::new());
        }
    };
    Ok(InterpreterResult::new(result, done.output, gas))
}
