//! Ethereum's and Arbitrum's precompiles, as revm's provider.

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
use crate::{
    precompiles::{self, CallerInfo, PrecompileOutcome, PrecompileStatus},
    state::arbos_version::ArbosVersion,
};

/// All precompiles.
pub(super) struct ArbPrecompiles {
    /// Ethereum's precompiles.
    ethereum: EthPrecompiles,
    /// Addresses that are warm from the start.
    warm: AddressSet,
    /// Moved precompiles: from the new address to the original one.
    moved: AddressMap<Address>,
    /// Addresses whose precompile is replaced by code.
    replaced: Vec<Address>,
}

impl ArbPrecompiles {
    /// For the arguments see [`super::ExecutionEnv`].
    pub(super) fn new(
        arbos: ArbosVersion,
        moved: AddressMap<Address>,
        replaced: Vec<Address>,
    ) -> Self {
        let ethereum = EthPrecompiles::new(SpecId::OSAKA);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(precompiles::addresses(arbos));
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
        let address = inputs.bytecode_address;
        let original = match self.moved.get(&address) {
            Some(&original) => original,
            None if self.replaced.contains(&address) => return Ok(None),
            None => address,
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
        if let Some(outcome) = precompiles::run(ctx, caller, original, &input, inputs.gas_limit) {
            return interpreter_result(ctx, outcome, inputs.gas_limit).map(Some);
        }
        let Some(precompile) = self.ethereum.precompiles.get(&original) else { return Ok(None) };
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

/// Converts the outcome of a precompile to revm's result.
///
/// # Errors
/// If the message is aborted; the reason is stored in the context.
fn interpreter_result(
    ctx: &mut Ctx<'_>,
    outcome: PrecompileOutcome,
    gas_limit: u64,
) -> Result<InterpreterResult, String> {
    let mut gas = Gas::new(gas_limit);
    gas.set_spent(gas_limit.saturating_sub(outcome.gas_left));
    let result = match outcome.status {
        PrecompileStatus::Success => InstructionResult::Return,
        PrecompileStatus::Revert => InstructionResult::Revert,
        PrecompileStatus::Halt(halt) => {
            if ctx.chain.call_stack.depth() == 0 {
                ctx.chain.halt_detail = Some(HaltDetail::Arbitrum(halt));
            }
            InstructionResult::PrecompileError
        }
        PrecompileStatus::Unimplemented(function) => {
            ctx.chain.abort(function.into());
            return Err(String::new());
        }
    };
    Ok(InterpreterResult::new(result, outcome.output, gas))
}
