//! Why a message failed without a revert, in the words that a node uses.

use std::fmt;

use revm::{
    bytecode::opcode::OpCode,
    context_interface::result::HaltReason,
    handler::EthFrame,
    interpreter::{
        InstructionResult, InterpreterResult, interpreter::EthInterpreter, interpreter_types::Jumps,
    },
};

use super::MAX_CODE;
use crate::precompiles::Fault;

/// More about the failure of the outermost frame than revm keeps.
#[derive(Debug)]
pub(super) enum Detail {
    /// A program or precompile failed.
    Fault(Fault),
    /// An opcode of the EVM failed.
    Opcode {
        /// The opcode.
        opcode: u8,
        /// Words on the stack at the time.
        stack: usize,
    },
    /// Code of this many bytes was to be deployed.
    Code(usize),
}

impl Detail {
    /// What to remember of a frame that ended with `result`.
    pub(super) fn of(frame: &EthFrame<EthInterpreter>, result: &InterpreterResult) -> Option<Self> {
        if result.result == InstructionResult::Return && frame.data.is_create() {
            return Some(Self::Code(result.output.len()));
        }
        if !result.result.is_halt() {
            return None;
        }
        let bytecode = &frame.interpreter.bytecode;
        let at = bytecode.pc().saturating_sub(1);
        let opcode = bytecode.original_byte_slice().get(at).copied().unwrap_or_default();
        Some(Self::Opcode { opcode, stack: frame.interpreter.stack.len() })
    }
}

/// A failure that is no revert.
#[derive(Debug)]
pub(crate) struct Halt {
    /// What revm says.
    reason: HaltReason,
    /// What else is known.
    detail: Option<Detail>,
}

impl Halt {
    /// The failure for `reason`.
    pub(super) const fn new(reason: HaltReason, detail: Option<Detail>) -> Self {
        Self { reason, detail }
    }

    /// Whether more gas would have helped.
    pub(crate) const fn is_out_of_gas(&self) -> bool {
        matches!(self.reason, HaltReason::OutOfGas(_))
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opcode, stack) = match &self.detail {
            Some(Detail::Fault(fault)) => return write!(f, "{fault}"),
            Some(Detail::Opcode { opcode, stack }) => (*opcode, *stack),
            Some(Detail::Code(_)) | None => (0, 0),
        };
        match &self.reason {
            HaltReason::OutOfGas(_) => f.write_str("out of gas"),
            HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode => {
                write!(f, "invalid opcode: {}", opcode_name(opcode))
            }
            HaltReason::InvalidJump => f.write_str("invalid jump destination"),
            HaltReason::NotActivated => f.write_str("BLOBBASEFEE is not supported on Arbitrum"),
            HaltReason::StackUnderflow => {
                let want = OpCode::new(opcode).map_or(0, |opcode| opcode.inputs());
                write!(f, "stack underflow ({stack} <=> {want})")
            }
            HaltReason::StackOverflow => f.write_str("stack limit reached 1024 (1023)"),
            HaltReason::OutOfOffset => f.write_str("return data out of bounds"),
            HaltReason::CreateCollision => f.write_str("contract address collision"),
            HaltReason::PrecompileErrorWithContext(text) => f.write_str(text),
            HaltReason::PrecompileError => f.write_str("precompile failed"),
            HaltReason::NonceOverflow => f.write_str("nonce uint64 overflow"),
            HaltReason::CreateContractSizeLimit => match self.detail {
                Some(Detail::Code(size)) => {
                    write!(f, "max code size exceeded: code size {size} limit {MAX_CODE}")
                }
                _ => f.write_str("max code size exceeded"),
            },
            HaltReason::CreateContractStartingWithEF => {
                f.write_str("invalid code: must not begin with 0xef")
            }
            HaltReason::CreateInitCodeSizeLimit => {
                f.write_str("out of gas: max initcode size exceeded")
            }
            HaltReason::StateChangeDuringStaticCall | HaltReason::CallNotAllowedInsideStatic => {
                f.write_str("write protection")
            }
            HaltReason::OverflowPayment | HaltReason::OutOfFunds => {
                f.write_str("insufficient balance for transfer")
            }
            HaltReason::CallTooDeep => f.write_str("max call depth exceeded"),
        }
    }
}

/// The name of an opcode, or that it has none.
fn opcode_name(opcode: u8) -> String {
    match OpCode::new(opcode) {
        Some(known) => known.as_str().to_owned(),
        None => format!("opcode {opcode:#x} not defined"),
    }
}
