//! The opcode table, with the opcodes that differ from Ethereum.

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

/// The opcode table.
pub(super) fn opcodes<'a>() -> EthInstructions<EthInterpreter, Ctx<'a>> {
    let mut opcodes = EthInstructions::new_mainnet_with_spec(SpecId::OSAKA);
    let not_activated = Instruction::new(|_| Err(InstructionResult::NotActivated));
    opcodes.insert_instruction(BLOBBASEFEE, not_activated, 2);
    opcodes.insert_instruction(CREATE, Instruction::new(create::<false>), 0);
    opcodes.insert_instruction(CREATE2, Instruction::new(create::<true>), 0);
    opcodes
}

/// CREATE, or CREATE2 if `SALTED`; records the length of rejected init code.
fn create<const SALTED: bool>(
    context: InstructionContext<'_, Ctx<'_>, EthInterpreter>,
) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    let size = interpreter.stack.peek(2);
    let result = contract::create::<SALTED, _, _>(InstructionContext { interpreter, host });
    if result == Err(InstructionResult::CreateInitCodeSizeLimit) {
        host.chain.init_code_size = size.unwrap_or_default().saturating_to();
    }
    result
}
