//! Failures of precompiles: halts, and the text of Solidity errors that Nitro decodes.

use alloy::sol_types::{Panic, Revert, SolError, SolInterface};
use stylus_engine::ActivationError;

use super::abi::{
    ArbDebug::ArbDebugErrors, ArbRetryableTx::ArbRetryableTxErrors, ArbSys::ArbSysErrors,
    ArbWasm::ArbWasmErrors,
};
use crate::state::programs::InactiveProgram;

/// A failure other than a revert: it consumes all gas, and clients only see its text.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArbHalt {
    /// Only an owner of the chain may call the function.
    #[error("unauthorized caller to access-controlled method")]
    Unauthorized,
    /// The module cannot be activated.
    #[error(transparent)]
    Activation(#[from] ActivationError),
    /// The called program is not active.
    #[error("error {}", .0)]
    Inactive(InactiveProgram),
}

impl std::fmt::Display for InactiveProgram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotActivated => write!(f, "ProgramNotActivated()"),
            Self::NeedsUpgrade { activated, current } => {
                write!(f, "ProgramNeedsUpgrade({activated}, {current})")
            }
            Self::Expired(age) => write!(f, "ProgramExpired({age})"),
        }
    }
}

/// The decoded text of revert data, which follows "execution reverted: "; `None` if Nitro does not
/// decode it.
pub(crate) fn revert_text(data: &[u8]) -> Option<String> {
    precompile_error_text(data)
        .map(|error| format!("error {error}"))
        .or_else(|| solidity_error_text(data))
}

/// The text of `Error(string)` or `Panic(uint256)`.
fn solidity_error_text(data: &[u8]) -> Option<String> {
    if let Ok(revert) = Revert::abi_decode(data) {
        return Some(revert.reason);
    }
    let panic = Panic::abi_decode(data).ok()?;
    let text = match panic.code.saturating_to::<u64>() {
        0x00 => "generic panic",
        0x01 => "assert(false)",
        0x11 => "arithmetic underflow or overflow",
        0x12 => "division or modulo by zero",
        0x21 => "enum overflow",
        0x22 => "invalid encoded storage byte array accessed",
        0x31 => "out-of-bounds array access; popping on an empty array",
        0x32 => "out-of-bounds access of an array or bytesN",
        0x41 => "out of memory",
        0x51 => "uninitialized function",
        code => return Some(format!("unknown panic code: {code:#x}")),
    };
    Some(text.to_owned())
}

/// An error of a precompile, with its arguments.
fn precompile_error_text(data: &[u8]) -> Option<String> {
    if let Ok(error) = ArbWasmErrors::abi_decode(data) {
        return Some(match error {
            ArbWasmErrors::ProgramNotWasm(_) => "ProgramNotWasm()".to_owned(),
            ArbWasmErrors::ProgramNotActivated(_) => InactiveProgram::NotActivated.to_string(),
            ArbWasmErrors::ProgramNeedsUpgrade(e) => {
                let (activated, current) = (e.version, e.stylusVersion);
                InactiveProgram::NeedsUpgrade { activated, current }.to_string()
            }
            ArbWasmErrors::ProgramExpired(e) => {
                InactiveProgram::Expired(e.ageInSeconds).to_string()
            }
            ArbWasmErrors::ProgramUpToDate(_) => "ProgramUpToDate()".to_owned(),
            ArbWasmErrors::ProgramKeepaliveTooSoon(e) => {
                format!("ProgramKeepaliveTooSoon({})", e.ageInSeconds)
            }
            ArbWasmErrors::ProgramInsufficientValue(e) => {
                format!("ProgramInsufficientValue({}, {})", e.have, e.want)
            }
        });
    }
    if let Ok(ArbSysErrors::InvalidBlockNumber(e)) = ArbSysErrors::abi_decode(data) {
        return Some(format!("InvalidBlockNumber({}, {})", e.requested, e.current));
    }
    if let Ok(error) = ArbRetryableTxErrors::abi_decode(data) {
        return Some(match error {
            ArbRetryableTxErrors::NoTicketWithID(_) => "NoTicketWithID()".to_owned(),
            ArbRetryableTxErrors::NotCallable(_) => "NotCallable()".to_owned(),
        });
    }
    let ArbDebugErrors::Custom(e) = ArbDebugErrors::abi_decode(data).ok()?;
    Some(format!("Custom({}, {}, {})", e.number, e.text, e.flag))
}
