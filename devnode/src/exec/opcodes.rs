//! The opcode table, with the opcodes that differ from Ethereum.

use revm::{
    bytecode::opcode::{BLOBBASEFEE, BLOCKHASH, CREATE, CREATE2},
    handler::instructions::EthInstructions,
    interpreter::{
        Instruction, InstructionContext, InstructionExecResult, InstructionResult,
        instructions::contract, interpreter::EthInterpreter,
    },
    primitives::hardfork::SpecId,
};

use super::evm::Ctx;
use crate::state::l1_blocks;

/// The opcode table.
pub(super) fn opcodes<'a>() -> EthInstructions<EthInterpreter, Ctx<'a>> {
    let mut opcodes = EthInstructions::new_mainnet_with_spec(SpecId::OSAKA);
    let not_activated = Instruction::new(|_| Err(InstructionResult::NotActivated));
    opcodes.insert_instruction(BLOBBASEFEE, not_activated, 2);
    opcodes.insert_instruction(BLOCKHASH, Instruction::new(block_hash), 20);
    opcodes.insert_instruction(CREATE, Instruction::new(create::<false>), 0);
    opcodes.insert_instruction(CREATE2, Instruction::new(create::<true>), 0);
    opcodes
}

/// BLOCKHASH, which is about blocks of the parent chain.
fn block_hash(context: InstructionContext<'_, Ctx<'_>, EthInterpreter>) -> InstructionExecResult {
    let InstructionContext { interpreter, host } = context;
    let number = interpreter.stack.pop()?;
    let height = host.block.number;
    // There is space for what takes the place of an operand.
    let _ = interpreter.stack.push(l1_blocks::hash(host, number, height));
    Ok(())
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
