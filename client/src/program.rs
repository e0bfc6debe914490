//! Stylus programs: from compiler output to the code that goes on chain, and the limits it must keep.
//!
//! Nodes refuse raw compiler output, whose standard library was compiled with reference types in mind.
//! Writing the module as text and reading it again drops what is left of them.

use std::ops::Range;

use alloy::primitives::{B256, Bytes, U256, keccak256};
use brotli::enc::BrotliEncoderParams;
use wasm_encoder::{CustomSection, Module, RawSection};
use wasmparser::{
    BinaryReaderError, KnownCustom, Name, NameSectionReader, Parser, Payload, Validator,
    WasmFeatures,
};

use crate::error::BoxError;

/// The first bytes of a program's code: the platform's mark, and "compressed without a dictionary".
const STYLUS_PREFIX: [u8; 4] = [0xEF, 0xF0, 0x00, 0x00];

/// The most bytes of code that an account can have.
pub const CODE_LIMIT: usize = 24_576;

/// The most bytes of code that a contract of ours may have: 85 % of the chain's limit.
pub const CODE_BUDGET: usize = 20_889;

/// The most bytes of a module before compression.
pub const WASM_LIMIT: usize = 131_072;

/// The most bytes of data segments that a contract of ours may have.
pub const DATA_BUDGET: usize = 1_000;

/// Everything that a program of ours may use of WebAssembly.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::FLOATS);

/// Why a module is not, or should not be, a program.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is no WebAssembly.
    #[error("the file is no WebAssembly module: give the compiler's .wasm file")]
    NotWasm(#[source] BoxError),
    /// It is invalid, or uses what Stylus programs may not use.
    #[error("the module is not valid for Stylus: {0}")]
    Invalid(#[from] BinaryReaderError),
    /// It is too large before compression.
    #[error("the module takes {0} bytes, and the chain's limit is {WASM_LIMIT}: make it smaller")]
    WasmTooLarge(usize),
    /// It is too large for an account.
    #[error(
        "the program takes {0} bytes compressed, and the chain's limit is {CODE_LIMIT}: make it smaller"
    )]
    CodeTooLarge(usize),
    /// It leaves too little room for later changes.
    #[error(
        "the program takes {0} bytes compressed, and {CODE_BUDGET} are allowed: make it smaller"
    )]
    OverBudget(usize),
    /// Its memory begins too large; every page is paid for with every call.
    #[error(
        "the module begins with {0} pages of memory where one is enough: set a stack size when linking"
    )]
    TooManyPages(u64),
    /// Its data is too large; it is paid for with every call.
    #[error(
        "the module has {0} bytes of data, and {DATA_BUDGET} are allowed: look for texts of panics"
    )]
    TooMuchData(usize),
    /// It contains a function that panics.
    #[error("the module can panic: it contains the function {0}")]
    Panics(Box<str>),
    /// It has no names to look for panics in.
    #[error("the module has no names of functions: build it without stripping them")]
    NoNames,
}

/// A Stylus program, ready for a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// What goes on chain.
    code: Bytes,
    /// Bytes of the compiler's module.
    raw_size: usize,
    /// Bytes of the module after writing it again.
    wasm_size: usize,
    /// Pages of memory that it begins with.
    pages: u64,
    /// Bytes of its data segments.
    data_size: usize,
}

impl Program {
    /// The program in a module as the compiler wrote it.
    ///
    /// # Errors
    /// [`ProgramError`] for what no chain would take; see [`Program::check`] for our own limits.
    pub fn from_wasm(module: &[u8]) -> Result<Self, ProgramError> {
        let wasm = rewrite(module)?;
        Validator::new_with_features(FEATURES).validate_all(&wasm)?;
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

    /// Checks what every call to the program is charged for: one page of memory to begin with, and little
    /// data.
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

    /// What goes on chain: prefix and compressed module.
    #[must_use]
    pub const fn code(&self) -> &Bytes {
        &self.code
    }

    /// The hash that activation is remembered by.
    #[must_use]
    pub fn code_hash(&self) -> B256 {
        keccak256(&self.code)
    }

    /// Bytes of the compiler's module, and of the module that is compressed.
    #[must_use]
    pub const fn wasm_sizes(&self) -> (usize, usize) {
        (self.raw_size, self.wasm_size)
    }

    /// Checks that the code leaves room for later changes: [`CODE_BUDGET`].
    ///
    /// # Errors
    /// [`ProgramError::OverBudget`].
    pub const fn check_budget(&self) -> Result<(), ProgramError> {
        let size = self.code.0.len();
        if size > CODE_BUDGET { Err(ProgramError::OverBudget(size)) } else { Ok(()) }
    }

    /// Whether the code of an account is this program, whatever it says of the project that it was
    /// built from.
    #[must_use]
    pub fn matches_code(&self, code: &[u8]) -> bool {
        let module = |code: &[u8]| {
            let mut wasm = Vec::new();
            let mut packed = code.strip_prefix(&STYLUS_PREFIX)?;
            brotli::BrotliDecompress(&mut packed, &mut wasm).ok()?;
            without_custom_sections(&wasm).ok()
        };
        module(code)
            .is_some_and(|wasm| Some(wasm.finish()) == module(&self.code).map(Module::finish))
    }

    /// Pages of memory that it begins with.
    #[must_use]
    pub const fn pages(&self) -> u64 {
        self.pages
    }

    /// Bytes of its data segments.
    #[must_use]
    pub const fn data_size(&self) -> usize {
        self.data_size
    }

    /// Init code that creates an account with this program's code.
    #[must_use]
    pub fn init_code(&self) -> Bytes {
        let length = U256::from(self.code.len()).to_be_bytes::<32>();
        // PUSH32 length, DUP1, PUSH1 43, PUSH1 0, CODECOPY, PUSH1 0, RETURN, and a byte for the version.
        let tail = [0x80, 0x60, 43, 0x60, 0, 0x39, 0x60, 0, 0xf3, 0];
        [[0x7f].as_slice(), &length, &tail, &self.code].concat().into()
    }
}

/// Checks that no function of a module, as the compiler wrote it with names, has to do with panics.
///
/// # Errors
/// [`ProgramError::Panics`] with the first such function; [`ProgramError::NoNames`].
pub fn check_no_panics(module: &[u8]) -> Result<(), ProgramError> {
    let mut named = false;
    for payload in Parser::new(0).parse_all(module) {
        let Payload::CustomSection(section) = payload? else { continue };
        let KnownCustom::Name(reader) = section.as_known() else { continue };
        named = true;
        if let Some(function) = find_panicking_function(reader)? {
            return Err(ProgramError::Panics(function));
        }
    }
    if named { Ok(()) } else { Err(ProgramError::NoNames) }
}

/// The first function in a name section that has to do with panics.
fn find_panicking_function(
    section: NameSectionReader<'_>,
) -> Result<Option<Box<str>>, BinaryReaderError> {
    for subsection in section {
        let Name::Function(functions) = subsection? else { continue };
        for function in functions {
            let name = function?.name;
            if name.contains("panic") {
                return Ok(Some(name.into()));
            }
        }
    }
    Ok(None)
}

/// The module written as text, read again, without its custom sections, and with the section that
/// holds the hash of the project: zero, because there is only the module.
fn rewrite(module: &[u8]) -> Result<Vec<u8>, ProgramError> {
    let text = wasmprinter::print_bytes(module).map_err(|e| ProgramError::NotWasm(e.into()))?;
    let wasm = wat::parse_str(text).map_err(|e| ProgramError::NotWasm(e.into()))?;
    let mut clean = without_custom_sections(&wasm)?;
    clean.section(&CustomSection { name: "project_hash".into(), data: [0; 32].as_slice().into() });
    Ok(clean.finish())
}

/// The sections of a module that say what it does.
fn without_custom_sections(wasm: &[u8]) -> Result<Module, BinaryReaderError> {
    let mut clean = Module::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        if matches!(payload, Payload::CustomSection(_)) {
            continue;
        }
        if let Some((id, at)) = payload.as_section()
            && let (Ok(start), Ok(end)) = (at.start.try_into(), at.end.try_into())
            && let Some(data) = wasm.get::<Range<usize>>(start..end)
        {
            clean.section(&RawSection { id, data });
        }
    }
    Ok(clean)
}

/// Prefix and module, compressed as well as it goes.
fn compress(wasm: &[u8]) -> Result<Bytes, ProgramError> {
    let params = BrotliEncoderParams { quality: 11, lgwin: 22, ..BrotliEncoderParams::default() };
    let mut code = STYLUS_PREFIX.to_vec();
    brotli::BrotliCompress(&mut &*wasm, &mut code, &params)
        .map_err(|e| ProgramError::NotWasm(e.into()))?;
    Ok(code.into())
}

/// Pages of memory that a module begins with, and bytes of its data segments.
fn measure(wasm: &[u8]) -> Result<(u64, usize), ProgramError> {
    let (mut pages, mut bytes) = (0_u64, 0_usize);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::MemorySection(memories) => {
                for memory in memories {
                    pages = pages.saturating_add(memory?.initial);
                }
            }
            Payload::DataSection(segments) => {
                for segment in segments {
                    bytes = bytes.saturating_add(segment?.data.len());
                }
            }
            _ => {}
        }
    }
    Ok((pages, bytes))
}

#[cfg(test)]
mod tests;
