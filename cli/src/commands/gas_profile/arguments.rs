//! Values on the command line of `muster gas-profile`.

use std::path::PathBuf;

use alloy::primitives::{Address, B256, Bytes};

use crate::parse::{self, ParseError};

/// A program of which a compiled contract is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProgramName {
    /// The market's dispatcher.
    Dispatcher,
    /// The contract behind all agreements of the market.
    Agreement,
    /// The program at an address.
    Address(Address),
}

/// A compiled contract of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProgramWasm {
    /// The program.
    pub(super) program: ProgramName,
    /// The file.
    pub(super) file: PathBuf,
}

/// A value that cannot be parsed, and what is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArgumentError {
    /// Not the hash of a transaction.
    #[error("a transaction's hash is 0x and 64 hexadecimal digits")]
    Transaction,
    /// Not calldata.
    #[error("calldata is 0x and an even number of hexadecimal digits")]
    Calldata,
    /// Not a program and a file.
    #[error("expected PROGRAM=FILE, the program being `dispatcher`, `agreement` or an address")]
    Wasm,
    /// Not an address.
    #[error(transparent)]
    Address(#[from] ParseError),
}

/// The hash of a transaction.
pub(super) fn transaction_hash(text: &str) -> Result<B256, ArgumentError> {
    text.parse().map_err(|_| ArgumentError::Transaction)
}

/// Calldata.
pub(super) fn calldata(text: &str) -> Result<Bytes, ArgumentError> {
    text.parse().map_err(|_| ArgumentError::Calldata)
}

/// A program, and its compiled contract.
pub(super) fn program_wasm(text: &str) -> Result<ProgramWasm, ArgumentError> {
    let (program, file) = text.split_once('=').ok_or(ArgumentError::Wasm)?;
    if file.is_empty() {
        return Err(ArgumentError::Wasm);
    }
    let program = match program {
        "dispatcher" => ProgramName::Dispatcher,
        "agreement" => ProgramName::Agreement,
        address => ProgramName::Address(parse::contract_address(address)?),
    };
    Ok(ProgramWasm { program, file: file.into() })
}

#[cfg(test)]
mod tests {
    use super::{ArgumentError, ProgramName, calldata, program_wasm, transaction_hash};

    #[test]
    fn a_program_is_named_or_an_address() {
        let program = |text| program_wasm(text).map(|given| given.program);
        assert_eq!(program("dispatcher=a.wasm"), Ok(ProgramName::Dispatcher));
        assert_eq!(program("agreement=a=b.wasm"), Ok(ProgramName::Agreement));
        let address = "0x8ba1f109551bD432803012645Ac136ddd64DBA72";
        let given = format!("{address}=a.wasm");
        assert_eq!(program(&given), Ok(ProgramName::Address(address.parse().unwrap())));
        for wrong in ["dispatcher", "dispatcher="] {
            assert_eq!(program(wrong), Err(ArgumentError::Wasm), "{wrong}");
        }
        assert!(matches!(program("0x12=a.wasm"), Err(ArgumentError::Address(_))));
    }

    #[test]
    fn hashes_and_calldata_are_hexadecimal() {
        assert_eq!(transaction_hash("0x12"), Err(ArgumentError::Transaction));
        assert_eq!(calldata("0x123"), Err(ArgumentError::Calldata));
        assert_eq!(calldata("0x12").unwrap().as_ref(), [0x12]);
    }
}
