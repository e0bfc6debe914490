//! Stylus programs: the code that goes on chain, and what it costs.

use alloy::primitives::{B256, Bytes, U256, keccak256};

use super::limits::{CODE_BUDGET, CODE_LIMIT, DATA_BUDGET, WASM_LIMIT};
use super::program_error::ProgramError;
use super::wasm::{compress, decompress, measure, rewrite, rewrite_with_names, validate};

/// A Stylus program, ready for a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The code of its account.
    code: Bytes,
    /// Bytes of the compiler's module.
    raw_size: usize,
    /// Bytes of the rewritten module.
    wasm_size: usize,
    /// Pages of memory that it starts with.
    pages: u64,
    /// Bytes of its data segments.
    data_size: usize,
}

impl Program {
    /// The program in a module as the compiler wrote it.
    ///
    /// # Errors
    /// [`ProgramError`] for what no chain would accept. [`Program::check`] and [`Program::check_budget`]
    /// check the budgets of the market's contracts.
    pub fn from_wasm(module: &[u8]) -> Result<Self, ProgramError> {
        let wasm = rewrite(module)?;
        validate(&wasm)?;
        if wasm.len() > WASM_LIMIT {
            return Err(ProgramError::WasmTooLarge(wasm.len()));
        }
        let code = compress(&wasm)?;
        if code.len() > CODE_LIMIT {
            return Err(ProgramError::CodeTooLarge(code.len()));
        }
        let (pages, data_size) = measure(&wasm)?;
        Ok(Self { code, raw_size: module.len(), wasm_size: wasm.len(), pages, data_size })
    }

    /// Checks what every call to the program pays for: one page of memory at the start, and at most
    /// [`DATA_BUDGET`] bytes of data.
    ///
    /// # Errors
    /// [`ProgramError::TooManyPages`], [`ProgramError::TooMuchData`].
    pub const fn check(&self) -> Result<(), ProgramError> {
        if self.pages > 1 {
            return Err(ProgramError::TooManyPages(self.pages));
        }
        if self.data_size > DATA_BUDGET {
            return Err(ProgramError::TooMuchData(self.data_size));
        }
        Ok(())
    }

    /// The code of its account: a prefix, and the compressed module.
    #[must_use]
    pub const fn code(&self) -> &Bytes {
        &self.code
    }

    /// The hash of the code, by which the chain activates programs.
    #[must_use]
    pub fn code_hash(&self) -> B256 {
        keccak256(&self.code)
    }

    /// Bytes of the compiler's module, and of the rewritten module that is compressed.
    #[must_use]
    pub const fn wasm_sizes(&self) -> (usize, usize) {
        (self.raw_size, self.wasm_size)
    }

    /// Checks that the code is within [`CODE_BUDGET`], which leaves room for changes.
    ///
    /// # Errors
    /// [`ProgramError::OverBudget`].
    pub const fn check_budget(&self) -> Result<(), ProgramError> {
        let size = self.code.0.len();
        if size > CODE_BUDGET { Err(ProgramError::OverBudget(size)) } else { Ok(()) }
    }

    /// Whether the code of an account is this program, whatever its `project_hash`.
    #[must_use]
    pub fn matches_code(&self, code: &[u8]) -> bool {
        decompress(code).is_some_and(|wasm| Some(wasm) == decompress(&self.code))
    }

    /// Pages of memory that it starts with.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        self.pages
    }

    /// Bytes of its data segments.
    #[must_use]
    pub const fn data_size(&self) -> usize {
        self.data_size
    }

    /// The init code that creates an account with this program's code.
    #[must_use]
    pub fn init_code(&self) -> Bytes {
        let length = U256::from(self.code.len()).to_be_bytes::<32>();
        // PUSH32 length, DUP1, PUSH1 43, PUSH1 0, CODECOPY, PUSH1 0, RETURN, and a version byte.
        let tail = [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0];
        [[0x7f].as_slice(), &length, &tail, &self.code].concat().into()
    }
}

/// The module of the program that [`Program::from_wasm`] makes of a compiler's module, with the compiler's names of
/// functions: for tools that show what a program on a chain does.
///
/// # Errors
/// [`ProgramError::NotWasm`].
pub fn named_wasm(module: &[u8]) -> Result<Vec<u8>, ProgramError> {
    rewrite_with_names(module)
}
