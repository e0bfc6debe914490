//! The opcodes of the EVM, and the few that this chain does in its own way.

use revm::{
    bytecode::opcode::{BLOBBASEFEE, CREATE, CREATE2},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        instructions::contract, interpreter::EthInterpreter,
    },
    primitives::hardfork::SpecId,
};

use super::evm::Ctx;

/// All opcodes.
pub(super) fn opcodes<'a>() -> EthInstructions<EthInterpreter, Ctx<'a>> {
    let mut opcodes = EthInstructions::new_mainnet_with_spec(SpecId::OSAKA);
    let missing = Instruction::new(|_| Err(InstructionResult::NotActivated));
    opcodes.insert_instruction(BLOBBASEFEE, missing, 2);
    opcodes.insert_instruction(CREATE, Instruction::new(create::<false>), 0);
    opcodes.insert_instruction(CREATE2, Instruction::new(create::<true>), 0);
    opcodes
}

/// CREATE, or CREATE2 if `SALTED`; notes the size of init code that is too long.
fn create<const SALTED: bool>(
    context: InstructionContext<'_, Ctx<'_>, EthInterpreter>,
) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    let size = interpreter.stack.peek(2);
    let done = contract::create::<SALTED, _, _>(InstructionContext { interpreter, host });
    if done == Err(InstructionResult::CreateInitCodeSizeLimit) {
        host.chain.init_code_size = size.unwrap_or_default().saturating_to();
    }
    done
}
