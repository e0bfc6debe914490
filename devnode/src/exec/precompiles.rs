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

use super::{evm::Ctx, halt::Detail};
use crate::precompiles::{self, Caller, Done, Ending};

/// All precompiles.
pub(super) struct Precompiles {
    /// Ethereum's.
    ethereum: EthPrecompiles,
    /// Every address that is warm from the start.
    warm: AddressSet,
    /// Precompiles that answer elsewhere: from that address to their own.
    moved: AddressMap<Address>,
    /// Addresses where code stands in for the precompile.
    replaced: Vec<Address>,
}

impl Precompiles {
    /// See [`super::Surroundings`] for the arguments.
    pub(super) fn new(moved: AddressMap<Address>, replaced: Vec<Address>) -> Self {
        let ethereum = EthPrecompiles::new(SpecId::OSAKA);
        let mut warm = ethereum.warm_addresses().clone();
        warm.extend(precompiles::addresses());
        Self { ethereum, warm, moved, replaced }
    }
}

impl<'a> PrecompileProvider<Ctx<'a>> for Precompiles {
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
        let caller = Caller {
            address: inputs.caller,
            value: inputs.value.get(),
            read_only: inputs.is_static,
            borrowed: matches!(inputs.scheme, CallScheme::DelegateCall | CallScheme::CallCode),
            depth: ctx.chain.frames.depth(),
            beyond: ctx.chain.frames.beyond(),
        };
        ctx.chain.moves.clear();
        let input: Bytes = inputs.input.bytes(ctx);
        if let Some(done) = precompiles::run(ctx, caller, own, &input, inputs.gas_limit) {
            return conclude(ctx, done, inputs.gas_limit).map(Some);
        }
        let Some(precompile) = self.ethereum.precompiles.get(&own) else { return Ok(None) };
        let output =
            precompile.execute(&input, inputs.gas_limit, 0).map_err(|fatal| fatal.to_string())?;
        if let Some(halt) = output.halt_reason()
            && ctx.chain.frames.depth() == 0
        {
            ctx.chain.detail = Some(Detail::Precompile(halt.clone()));
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
fn conclude(ctx: &mut Ctx<'_>, done: Done, gas_limit: u64) -> Result<InterpreterResult, String> {
    let mut gas = Gas::new(gas_limit);
    gas.set_spent(gas_limit.saturating_sub(done.gas_left));
    let result = match done.ending {
        Ending::Success => InstructionResult::Return,
        Ending::Revert => InstructionResult::Revert,
        Ending::Fault(fault) => {
            if ctx.chain.frames.depth() == 0 {
                ctx.chain.detail = Some(Detail::Fault(fault));
            }
            InstructionResult::PrecompileError
        }
        Ending::Missing(missing) => {
            ctx.chain.stop(missing.into());
            return Err(String::new());
        }
    };
    Ok(InterpreterResult::new(result, done.output, gas))
}
