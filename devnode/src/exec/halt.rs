//! Failures without a revert, with Nitro's texts.

use std::fmt;

use revm::{
    bytecode::opcode::{BLOBBASEFEE, OpCode},
    context_interface::result::HaltReason,
    handler::EthFrame,
    interpreter::{
        InstructionResult, InterpreterResult, interpreter::EthInterpreter, interpreter_types::Jumps,
    },
    precompile::PrecompileHalt,
};

use super::MAX_CODE;
use crate::precompiles::ArbHalt;

/// Details of the failure of the outermost frame that revm does not keep.
#[derive(Debug)]
pub(super) enum HaltDetail {
    /// A program or an Arbitrum precompile failed.
    Arbitrum(ArbHalt),
    /// An opcode failed.
    Opcode {
        /// The opcode.
        opcode: u8,
        /// Words on the stack before it.
        stack: usize,
    },
    /// The deployed code is too long, in bytes.
    CodeSize(usize),
    /// The init code is too long, in bytes.
    InitCodeSize(usize),
    /// A precompile of Ethereum rejected its input.
    Precompile(PrecompileHalt),
}

impl HaltDetail {
    /// Details of a frame that ended with `result`; `init_code` is the length of the latest
    /// rejected init code.
    pub(super) fn from_frame(
        frame: &EthFrame<EthInterpreter>,
        result: &InterpreterResult,
        init_code: usize,
    ) -> Option<Self> {
        if result.result == InstructionResult::CreateInitCodeSizeLimit {
            return Some(Self::InitCodeSize(init_code));
        }
        if result.result == InstructionResult::Return && frame.data.is_create() {
            return Some(Self::CodeSize(result.output.len()));
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

/// A failure other than a revert.
#[derive(Debug)]
pub(crate) struct Halt {
    /// Reason given by revm.
    reason: HaltReason,
    /// Details.
    detail: Option<HaltDetail>,
}

impl Halt {
    /// The failure with this reason.
    pub(super) const fn new(reason: HaltReason, detail: Option<HaltDetail>) -> Self {
        Self { reason, detail }
    }

    /// Whether more gas could help.
    pub(crate) const fn is_out_of_gas(&self) -> bool {
        matches!(self.reason, HaltReason::OutOfGas(_))
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (opcode, stack) = match &self.detail {
            Some(HaltDetail::Arbitrum(halt)) => return write!(f, "{halt}"),
            Some(HaltDetail::Precompile(halt)) => return write_precompile(f, halt),
            Some(HaltDetail::Opcode { opcode, stack }) => (*opcode, *stack),
            Some(HaltDetail::CodeSize(_) | HaltDetail::InitCodeSize(_)) | None => (0, 0),
        };
        match &self.reason {
            HaltReason::OutOfGas(_) => f.write_str("out of gas"),
            HaltReason::InvalidJump => f.write_str("invalid jump destination"),
            HaltReason::NotActivated if opcode == BLOBBASEFEE => {
                f.write_str("BLOBBASEFEE is not supported on Arbitrum")
            }
            HaltReason::OpcodeNotFound | HaltReason::InvalidFEOpcode | HaltReason::NotActivated => {
                write!(f, "invalid opcode: {}", opcode_name(opcode))
            }
            HaltReason::StackUnderflow => {
                let want = OpCode::new(opcode).map_or(0, |opcode| opcode.inputs());
                write!(f, "stack underflow ({stack} <=> {want})")
            }
            HaltReason::StackOverflow => f.write_str("stack limit reached 1024 (1023)"),
            HaltReason::OutOfOffset => f.write_str("return data out of bounds"),
            HaltReason::CreateCollision => f.write_str("contract address collision"),
            HaltReason::PrecompileError | HaltReason::PrecompileErrorWithContext(_) => {
                f.write_str("precompile failed")
            }
            HaltReason::NonceOverflow => f.write_str("nonce uint64 overflow"),
            HaltReason::CreateContractSizeLimit => match self.detail {
                Some(HaltDetail::CodeSize(size)) => {
                    write!(f, "max code size exceeded: code size {size} limit {MAX_CODE}")
                }
                _ => f.write_str("max code size exceeded"),
            },
            HaltReason::CreateContractStartingWithEF => {
                f.write_str("invalid code: must not begin with 0xef")
            }
            HaltReason::CreateInitCodeSizeLimit => match self.detail {
                Some(HaltDetail::InitCodeSize(size)) => {
                    write!(f, "out of gas: max initcode size exceeded: size {size}")
                }
                _ => f.write_str("out of gas: max initcode size exceeded"),
            },
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

/// Name of an opcode.
fn opcode_name(opcode: u8) -> String {
    match OpCode::new(opcode) {
        Some(known) => known.as_str().to_owned(),
        None => format!("opcode {opcode:#x} not defined"),
    }
}

/// Text for rejected input of an Ethereum precompile: Nitro's where it is known, else revm's.
fn write_precompile(f: &mut fmt::Formatter<'_>, halt: &PrecompileHalt) -> fmt::Result {
    match halt {
        PrecompileHalt::OutOfGas => f.write_str("out of gas"),
        PrecompileHalt::Blake2WrongFinalIndicatorFlag => f.write_str("invalid final flag"),
        PrecompileHalt::Bn254AffineGFailedToCreate => f.write_str("point is not on curve"),
        PrecompileHalt::ModexpEip7823LimitSize => {
            f.write_str("one or more of base/exponent/modulus length exceeded 1024 bytes")
        }
        PrecompileHalt::Bn254PairLength => f.write_str("bad elliptic curve pairing size"),
        PrecompileHalt::Bn254FieldPointNotAMember | PrecompileHalt::NonCanonicalFp => {
            f.write_str("invalid fp.Element encoding")
        }
        PrecompileHalt::Bls12381FpPaddingInvalid => f.write_str("invalid field element top bytes"),
        PrecompileHalt::Bls12381G1NotOnCurve | PrecompileHalt::Bls12381G2NotOnCurve => {
            f.write_str("invalid point: not on curve")
        }
        PrecompileHalt::Bls12381G1NotInSubgroup => {
            f.write_str("g1 point is not on correct subgroup")
        }
        PrecompileHalt::Bls12381G2NotInSubgroup => {
            f.write_str("g2 point is not on correct subgroup")
        }
        PrecompileHalt::BlobMismatchedVersion => f.write_str("mismatched versioned hash"),
        PrecompileHalt::Blake2WrongLength
        | PrecompileHalt::BlobInvalidInputLength
        | PrecompileHalt::Bls12381G1AddInputLength
        | PrecompileHalt::Bls12381G1MsmInputLength
        | PrecompileHalt::Bls12381G2AddInputLength
        | PrecompileHalt::Bls12381G2MsmInputLength
        | PrecompileHalt::Bls12381PairingInputLength
        | PrecompileHalt::Bls12381MapFpToG1InputLength
        | PrecompileHalt::Bls12381MapFp2ToG2InputLength => f.write_str("invalid input length"),
        other => write!(f, "{other}"),
    }
}
