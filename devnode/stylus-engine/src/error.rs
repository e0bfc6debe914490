//! Why a module cannot be activated. Texts are Nitro's where tools may parse them.

use std::fmt;

use wasmparser::{ExternalKind, FuncType};

/// Maximum length of a name in bytes.
pub(crate) const MAX_NAME_LEN: usize = 512;

/// Why a module cannot be activated. The `ArbWasm` precompile consumes all gas of the
/// call for any of these.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActivationError {
    /// `gas_budget` does not cover the activation.
    #[error("program activation failed: out of gas")]
    OutOfGas,
    /// The module breaks a structural rule.
    #[error("program activation failed: failed to parse wasm\n\nCaused by:\n{0}")]
    Parse(#[from] ParseError),
    /// The module uses an import, an opcode or a segment that programs cannot have.
    #[error("program activation failed: failed to build user module\n\nCaused by:\n{0}")]
    Build(#[from] BuildError),
}

/// A counted property of a module that has a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Imported functions.
    Imports,
    /// Exports, including the four that metering adds.
    Exports,
    /// Functions that the module defines.
    Functions,
    /// Globals, including the four that metering adds.
    Globals,
    /// Data segments.
    DataSegments,
    /// Element segments.
    ElementSegments,
    /// Bytes of element segments.
    ElementEntries,
    /// Entries of tables.
    TableEntries,
    /// Declared locals of one function.
    Locals,
    /// Opcodes of one function, including metering code.
    Opcodes,
    /// Words of stack frame of one function.
    FrameWords,
    /// Operands that one function holds at a time.
    Operands,
}

impl Limit {
    /// The largest allowed count.
    #[must_use]
    pub const fn max(self) -> u64 {
        match self {
            Self::Imports => 513,
            Self::Exports => 1024,
            Self::Functions | Self::ElementEntries | Self::TableEntries | Self::Operands => 4096,
            Self::Globals => 32_768,
            Self::DataSegments | Self::ElementSegments => 128,
            Self::Locals => 348,
            Self::Opcodes => 65_536,
            Self::FrameWords => 10_240,
        }
    }

    /// Rejects a count above [`Limit::max`].
    pub(crate) fn check(self, found: impl TryInto<u64>) -> Result<(), ParseError> {
        let found = found.try_into().unwrap_or(u64::MAX);
        if found > self.max() {
            Err(ParseError::LimitExceeded { what: self, found })
        } else {
            Ok(())
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imports => "imports",
            Self::Exports => "exports",
            Self::Functions => "functions",
            Self::Globals => "globals",
            Self::DataSegments => "data segments",
            Self::ElementSegments => "element segments",
            Self::ElementEntries => "element entries",
            Self::TableEntries => "table entries",
            Self::Locals => "locals",
            Self::Opcodes => "opcodes in func body",
            Self::FrameWords => "words of stack in func body",
            Self::Operands => "operands in func body",
        })
    }
}

/// A structural rule that a module breaks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The bytes are not valid wasm, or use a proposal that programs cannot use.
    #[error("   0: failed to validate user\n   1: {0}")]
    Invalid(#[from] wasmparser::Error),
    /// An indirect call encodes its table index in more than one byte, at this offset. Compilers
    /// with reference types enabled do so.
    #[error(
        "   0: failed to validate user\n   1: reference-types not enabled: zero byte expected \
         (at offset {0:#x})"
    )]
    OverlongTableIndex(u64),
    /// The instrumented module cannot be encoded.
    #[error("    failed to add meters: {0}")]
    Encode(#[from] wasm_encoder::reencode::Error),
    /// The module has a data-count section, which only passive data segments need.
    #[error("    unsupported section type DataCountSection {{ count: {count}, range: {range:?} }}")]
    DataCount {
        /// Number of data segments.
        count: u32,
        /// Position of the section.
        range: std::ops::Range<u64>,
    },
    /// The import of this name is not a function.
    #[error("    unsupported import kind of {0}")]
    ImportKind(Box<str>),
    /// The same function is imported with two types.
    #[error("    inconsistent imports for {module} {name:?}")]
    InconsistentImports {
        /// Module imported from.
        module: Box<str>,
        /// Name of the import.
        name: Box<str>,
    },
    /// An export has the name of an import.
    #[error("    binary exports an import with the same name {0}")]
    ExportShadowsImport(Box<str>),
    /// A name starts with the prefix reserved for metering.
    #[error("    binary uses the reserved name {0}")]
    ReservedName(Box<str>),
    /// A name is too long, in bytes.
    #[error("    wasm name too long: {0} > {max}", max = MAX_NAME_LEN)]
    NameTooLong(usize),
    /// The name of the module is too long, in bytes.
    #[error("    wasm module name too long: {0} > {max}", max = MAX_NAME_LEN)]
    ModuleNameTooLong(usize),
    /// A count exceeds its limit.
    #[error("    too many wasm {what}: {found} > {most}", most = what.max())]
    LimitExceeded {
        /// The counted property.
        what: Limit,
        /// The count.
        found: u64,
    },
    /// A required export is missing.
    #[error("    missing export with name {0}")]
    MissingExport(&'static str),
    /// A required export is not a function.
    #[error("    export {name} must be a function but is a {kind:?}")]
    ExportNotAFunction {
        /// Name of the export.
        name: &'static str,
        /// Its actual kind.
        kind: ExternalKind,
    },
    /// A function has the wrong type.
    #[error("    wrong type for {name}: {found}")]
    WrongType {
        /// Name of the function.
        name: &'static str,
        /// Its actual type.
        found: Signature,
    },
    /// The module has no memory.
    #[error("    missing memory export with name memory")]
    MissingMemory,
    /// The memory is not exported as `memory`.
    #[error("    missing memory with export name memory")]
    MemoryNotExported,
    /// The memory starts with too many pages.
    #[error("    memory of {found} pages exceeds the limit of {most}")]
    TooManyInitialPages {
        /// Its initial pages.
        found: u64,
        /// Allowed initial pages.
        most: u16,
    },
    /// The memory can grow, but the module does not import `pay_for_memory_grow`.
    #[error("    missing import with name pay_for_memory_grow")]
    MissingGrowImport,
    /// The module has a start function; only debug chains allow one.
    #[error("    wasm start functions not allowed")]
    StartFunction,
    /// The offset of a segment is not a constant.
    #[error("    unsupported offset of a segment")]
    NonConstantOffset,
    /// A price of the module does not fit its field.
    #[error("    {0}")]
    PriceOverflow(#[from] std::num::TryFromIntError),
}

/// A valid module uses something that programs do not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The import does not exist.
    #[error("    No such import {name} in {module} for user")]
    NoSuchImport {
        /// Module imported from.
        module: Box<str>,
        /// Name of the import.
        name: Box<str>,
    },
    /// The import exists with another type.
    #[error(
        "    Import {name} for user has different function signature than export.\n    \
         expected {expected} in {module}\n    but have {found}"
    )]
    ImportTypeMismatch {
        /// Module that is imported from.
        module: Box<str>,
        /// Name of the import.
        name: Box<str>,
        /// Its type.
        expected: Signature,
        /// The type that the module declares.
        found: Signature,
    },
    /// An operator on floats.
    #[error("    No implementation for floating point operation {0} in user")]
    FloatOpcode(Box<str>),
    /// An unsupported operator.
    #[error("    Unsupported opcode {0} in user")]
    UnsupportedOpcode(Box<str>),
    /// An active data segment exceeds the memory.
    #[error("    Out-of-bounds data memory init with offset {offset} and size {size}")]
    DataOutOfBounds {
        /// Offset of the segment, sign-extended.
        offset: u64,
        /// Its length in bytes.
        size: u64,
    },
    /// An active element segment exceeds the table.
    #[error("    Out-of-bounds element table init with offset {offset} and size {size}")]
    ElementsOutOfBounds {
        /// Offset of the segment, sign-extended.
        offset: u64,
        /// Its number of entries.
        size: u64,
    },
    /// The interpreter rejects the module.
    #[error("    {0}")]
    Compile(#[from] wasmi::Error),
}

/// The type of a function, displayed as `λ(i32, i32) -> i32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(pub(crate) FuncType);

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |types: &[wasmparser::ValType]| {
            types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        write!(f, "λ({})", list(self.0.params()))?;
        match self.0.results() {
            [] => Ok(()),
            [one] => write!(f, " -> {one}"),
            many => write!(f, " -> ({})", list(many)),
        }
    }
}
