//! A parsed module, shared by the checks, the metering passes and the prices.
//!
//! Parsing rejects invalid wasm and the kinds of content that programs never have. All other rules
//! are in [`crate::check`].

use std::ops::Range;

use wasm_encoder::SectionId;
use wasmparser::{
    CustomSectionReader, Data, Element, Export, FuncType, FunctionBody, Global, KnownCustom,
    MemoryType, Name, Operator, Parser, Payload, TypeRef, Validator, WasmFeatures,
};

use crate::{
    StylusVersion,
    error::{MAX_NAME_LEN, ParseError},
    host::HOSTIO_MODULE,
};

/// The export that a call of a program runs.
pub(crate) const ENTRYPOINT: &str = "user_entrypoint";

/// The name that the memory must be exported as.
pub(crate) const MEMORY: &str = "memory";

/// The import that pays for new pages.
pub(crate) const GROW_IMPORT: &str = "pay_for_memory_grow";

/// Number of globals that metering adds; Nitro exports them all.
pub(crate) const METER_GLOBALS: usize = 4;

/// The wasm proposals that programs of every version may use.
///
/// `CALL_INDIRECT_OVERLONG` is enabled only so that [`Wasm::operators`] can reject the overlong
/// form with Nitro's text.
const FEATURES: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG);

/// A function that the module imports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import<'a> {
    /// Module imported from.
    pub(crate) module: &'a str,
    /// Name in that module.
    pub(crate) name: &'a str,
    /// Index of its type.
    pub(crate) ty: u32,
}

/// A valid module, by section.
#[derive(Default)]
pub(crate) struct Wasm<'a> {
    /// The encoded module.
    bytes: &'a [u8],
    /// Sections that metering copies unchanged, by id.
    pub(crate) copied: Vec<(SectionId, &'a [u8])>,
    /// Types of functions.
    pub(crate) types: Vec<FuncType>,
    /// Imported functions.
    pub(crate) imports: Vec<Import<'a>>,
    /// Type index of each function that the module defines.
    pub(crate) functions: Vec<u32>,
    /// Initial entries of all tables.
    pub(crate) table_entries: u64,
    /// The memories.
    pub(crate) memories: Vec<MemoryType>,
    /// The globals.
    pub(crate) globals: Vec<Global<'a>>,
    /// The exports.
    pub(crate) exports: Vec<Export<'a>>,
    /// Whether the module has a start function.
    pub(crate) start: bool,
    /// Element segments.
    pub(crate) elements: Vec<Element<'a>>,
    /// Bodies of the functions that the module defines.
    pub(crate) bodies: Vec<FunctionBody<'a>>,
    /// Data segments.
    pub(crate) data: Vec<Data<'a>>,
}

impl<'a> Wasm<'a> {
    /// Validates and parses a module.
    ///
    /// # Errors
    /// [`ParseError::Invalid`], or the error of an unsupported kind of content.
    pub(crate) fn read(bytes: &'a [u8], version: StylusVersion) -> Result<Self, ParseError> {
        let mut features = FEATURES;
        features.set(WasmFeatures::MULTI_VALUE, version.has_multi_value());
        Validator::new_with_features(features).validate_all(bytes)?;
        let mut wasm = Self { bytes, ..Self::default() };
        let mut parser = Parser::new(0);
        parser.set_features(features);
        for payload in parser.parse_all(bytes) {
            wasm.add_payload(payload?)?;
        }
        Ok(wasm)
    }

    /// Adds one section, or one function body.
    fn add_payload(&mut self, payload: Payload<'a>) -> Result<(), ParseError> {
        match payload {
            Payload::TypeSection(types) => {
                self.copy_section(SectionId::Type, types.range());
                self.types = types.into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
            }
            Payload::ImportSection(imports) => {
                self.copy_section(SectionId::Import, imports.range());
                for import in imports.into_imports() {
                    let import = import?;
                    let TypeRef::Func(ty) = import.ty else {
                        return Err(ParseError::ImportKind(import.name.into()));
                    };
                    self.imports.push(Import { module: import.module, name: import.name, ty });
                }
            }
            Payload::FunctionSection(functions) => {
                self.copy_section(SectionId::Function, functions.range());
                self.functions = functions.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::TableSection(tables) => {
                self.copy_section(SectionId::Table, tables.range());
                for table in tables {
                    self.table_entries = self.table_entries.saturating_add(table?.ty.initial);
                }
            }
            Payload::MemorySection(memories) => {
                self.copy_section(SectionId::Memory, memories.range());
                self.memories = memories.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::GlobalSection(globals) => {
                self.globals = globals.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::ExportSection(exports) => {
                self.exports = exports.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::StartSection { .. } => self.start = true,
            Payload::ElementSection(elements) => {
                self.copy_section(SectionId::Element, elements.range());
                self.elements = elements.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::CodeSectionEntry(body) => self.bodies.push(body),
            Payload::DataSection(data) => {
                self.copy_section(SectionId::Data, data.range());
                self.data = data.into_iter().collect::<Result<_, _>>()?;
            }
            Payload::DataCountSection { count, range } => {
                return Err(ParseError::DataCount { count, range });
            }
            Payload::CustomSection(custom) => check_name(&custom)?,
            // Headers and the end; the validator refuses every other section.
            _ => {}
        }
        Ok(())
    }

    /// Keeps the content of a section.
    fn copy_section(&mut self, id: SectionId, range: Range<u64>) {
        self.copied.push((id, self.slice(range)));
    }

    /// A range of the module's bytes, in the parser's offsets.
    fn slice(&self, range: Range<u64>) -> &'a [u8] {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The type of a function, imported or defined. Validation guarantees that indices of a module
    /// exist.
    pub(crate) fn function_type(&self, function: u32) -> Option<&FuncType> {
        let index = usize::try_from(function).ok()?;
        let ty = match self.imports.get(index) {
            Some(import) => import.ty,
            None => *self.functions.get(index.checked_sub(self.imports.len())?)?,
        };
        self.ty(ty)
    }

    /// A type by its index.
    pub(crate) fn ty(&self, index: u32) -> Option<&FuncType> {
        self.types.get(usize::try_from(index).ok()?)
    }

    /// The index of the import that pays for memory growth.
    pub(crate) fn grow_import(&self) -> Option<u32> {
        let is_grow_import = |i: &Import<'_>| i.module == HOSTIO_MODULE && i.name == GROW_IMPORT;
        self.imports.iter().position(is_grow_import)?.try_into().ok()
    }

    /// The memory; always `Some` after the structural rules have passed.
    pub(crate) fn memory(&self) -> Option<&MemoryType> {
        self.memories.first()
    }

    /// Initial pages of the memory.
    pub(crate) fn pages(&self) -> u64 {
        self.memory().map_or(0, |memory| memory.initial)
    }

    /// Whether the memory can grow at all.
    pub(crate) fn can_grow(&self) -> bool {
        self.memory().is_some_and(|memory| memory.maximum != Some(memory.initial))
    }

    /// Encoded length of all element segments.
    pub(crate) fn element_bytes(&self) -> u64 {
        total_len(self.elements.iter().map(|element| &element.range))
    }

    /// Encoded length of all data segments, headers included.
    pub(crate) fn data_bytes(&self) -> u64 {
        total_len(self.data.iter().map(|data| &data.range))
    }

    /// Encoded length of the module.
    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The operators of a function.
    ///
    /// # Errors
    /// [`ParseError::OverlongTableIndex`] if an indirect call encodes its table index in more than
    /// one byte.
    pub(crate) fn operators(
        &self,
        body: &FunctionBody<'a>,
    ) -> Result<Vec<Operator<'a>>, ParseError> {
        let mut reader = body.get_operators_reader()?;
        let mut operators = Vec::new();
        while !reader.eof() {
            let start = reader.original_position();
            let operator = reader.read()?;
            if matches!(operator, Operator::CallIndirect { .. }) {
                let coded = self.slice(start..reader.original_position());
                // The type index ends with a byte below 0x80, so a longer table index does not
                // match.
                if !matches!(coded, [.., 0x00..=0x7f, 0]) {
                    return Err(ParseError::OverlongTableIndex(start));
                }
            }
            operators.push(operator);
        }
        Ok(operators)
    }
}

/// Total length of the ranges.
fn total_len<'r>(ranges: impl Iterator<Item = &'r Range<u64>>) -> u64 {
    ranges.map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add)
}

/// Number of locals that a function declares, without its parameters.
///
/// # Errors
/// [`ParseError::Invalid`].
pub(crate) fn declared_locals(body: &FunctionBody<'_>) -> Result<u32, ParseError> {
    let mut declared = 0_u32;
    for group in body.get_locals_reader()? {
        declared = declared.saturating_add(group?.0);
    }
    Ok(declared)
}

/// Checks the length of the module's name.
const fn check_module_name(name: &str) -> Result<(), ParseError> {
    if name.len() > MAX_NAME_LEN { Err(ParseError::ModuleNameTooLong(name.len())) } else { Ok(()) }
}

/// Rejects a name section whose module name is malformed or too long.
fn check_name(custom: &CustomSectionReader<'_>) -> Result<(), ParseError> {
    if let KnownCustom::Name(names) = custom.as_known() {
        for name in names {
            if let Name::Module { name, .. } = name? {
                check_module_name(name)?;
            }
        }
    }
    Ok(())
}
