//! Why a module is refused, in the words that Nitro uses where tools may look for them.

use std::fmt;

use wasmparser::{ExternalKind, FuncType};

/// What a module can have too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// Imported functions.
    Imports,
    /// Exports, with the four that metering adds.
    Exports,
    /// Functions of the module itself.
    Functions,
    /// Globals, with the four that metering adds.
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
    /// Opcodes of one function, after metering.
    Opcodes,
    /// Words of stack of one function.
    FrameWords,
    /// Operands that one function holds at a time.
    Operands,
}

impl Limit {
    /// The most that is allowed.
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

    /// Refuses a count above [`Limit::most`].
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

/// A rule of form that a module breaks.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// It is not wasm, or uses extensions that programs do not have.
    #[error("   0: failed to validate user\n   1: {0}")]
    Invalid(#[from] wasmparser::Error),
    /// An indirect call names its table by more than one zero byte, at this offset: a compiler
    /// that has reference types on writes it so.
    #[error(
        "   0: failed to validate user\n   1: reference-types not enabled: zero byte expected \
         (at offset {0:#x})"
    )]
    OverlongTableIndex(u64),
    /// It cannot be written down again with its meters.
    #[error("    failed to add meters: {0}")]
    Encode(#[from] wasm_encoder::reencode::Error),
    /// It counts its data segments ahead, as only modules with passive ones need to.
    #[error("    unsupported section type DataCountSection {{ count: {count}, range: {range:?} }}")]
    DataCount {
        /// Data segments.
        count: u32,
        /// Where the section is.
        range: std::ops::Range<u64>,
    },
    /// It imports something other than a function, by this name.
    #[error("    unsupported import kind of {0}")]
    ImportKind(Box<str>),
    /// It imports the same function with two types.
    #[error("    inconsistent imports for {module} {name:?}")]
    InconsistentImports {
        /// Module that is imported from.
        module: Box<str>,
        /// Name of the import.
        name: Box<str>,
    },
    /// It exports something by the name of an import.
    #[error("    binary exports an import with the same name {0}")]
    ExportShadowsImport(Box<str>),
    /// It uses a name that metering needs for itself.
    #[error("    binary uses the reserved name {0}")]
    ReservedName(Box<str>),
    /// A name has this many bytes.
    #[error("    wasm name too long: {0} > {max}", max = super::rules::MAX_NAME_LEN)]
    NameTooLong(usize),
    /// The name of the module has this many bytes.
    #[error("    wasm module name too long: {0} > {max}", max = super::rules::MAX_NAME_LEN)]
    ModuleNameTooLong(usize),
    /// There is more of something than allowed.
    #[error("    too many wasm {what}: {found} > {most}", most = what.max())]
    LimitExceeded {
        /// Of what.
        what: Limit,
        /// How much.
        found: u64,
    },
    /// There is no export of this name.
    #[error("    missing export with name {0}")]
    MissingExport(&'static str),
    /// An export that should be a function is something else.
    #[error("    export {name} must be a function but is a {kind:?}")]
    ExportNotAFunction {
        /// Name of the export.
        name: &'static str,
        /// What it is.
        kind: ExternalKind,
    },
    /// A function has another type than it must have.
    #[error("    wrong type for {name}: {found}")]
    WrongType {
        /// Name of the function.
        name: &'static str,
        /// Its type.
        found: Signature,
    },
    /// There is no memory.
    #[error("    missing memory export with name memory")]
    MissingMemory,
    /// The memory is not exported by its name.
    #[error("    missing memory with export name memory")]
    MemoryNotExported,
    /// The memory begins with more pages than may be open.
    #[error("    memory of {found} pages exceeds the limit of {most}")]
    TooManyInitialPages {
        /// Pages that it begins with.
        found: u64,
        /// Pages that are allowed.
        most: u16,
    },
    /// The memory may grow, but the module does not import the hook that pays for it.
    #[error("    missing import with name pay_for_memory_grow")]
    MissingGrowImport,
    /// There is a start function, which only debug chains let pass.
    #[error("    wasm start functions not allowed")]
    StartFunction,
    /// A segment has an offset that is not a constant.
    #[error("    unsupported offset of a segment")]
    NonConstantOffset,
    /// A price of the module does not fit its record.
    #[error("    {0}")]
    PriceOverflow(#[from] std::num::TryFromIntError),
}

/// Something a module uses that programs do not have.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no such import.
    #[error("    No such import {name} in {module} for user")]
    NoSuchImport {
        /// Module that is imported from.
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
        /// The type it has.
        expected: Signature,
        /// The type that the module thinks it has.
        found: Signature,
    },
    /// An operator on floats.
    #[error("    No implementation for floating point operation {0} in user")]
    FloatOpcode(Box<str>),
    /// An operator that programs do not have.
    #[error("    Unsupported opcode {0} in user")]
    UnsupportedOpcode(Box<str>),
    /// Data that goes past the end of memory.
    #[error("    Out-of-bounds data memory init with offset {offset} and size {size}")]
    DataOutOfBounds {
        /// First byte, sign-extended.
        offset: u64,
        /// Number of bytes.
        size: u64,
    },
    /// Elements that go past the end of the table.
    #[error("    Out-of-bounds element table init with offset {offset} and size {size}")]
    ElementsOutOfBounds {
        /// First entry, sign-extended.
        offset: u64,
        /// Number of entries.
        size: u64,
    },
    /// The interpreter does not take the module.
    #[error("    {0}")]
    Compile(#[from] wasmi::Error),
}

/// The type of a function, shown as `λ(i32, i32) -> i32`.
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
