//! A module in pieces: read once, then looked at by the rules, the meters and the prices.
//!
//! Reading refuses what is no valid wasm, and the kinds of content that programs never have. All
//! other rules are in [`super::rules`] and [`super::link`].

use std::ops::Range;

use wasm_encoder::SectionId;
use wasmparser::{
    CustomSectionReader, Data, DataKind, Element, ElementKind, Export, FuncType, FunctionBody,
    Global, KnownCustom, MemoryType, Name, Operator, Parser, Payload, TypeRef, Validator,
    WasmFeatures,
};

use super::{ParseError, rules};
use crate::{host, meter};

/// The extensions of wasm that programs may use.
///
/// `CALL_INDIRECT_OVERLONG` is only there so that [`Wasm::operators`] can refuse the overlong form
/// in the words that tools look for.
const FEATURES: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG);

/// A function that the module imports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Import<'a> {
    /// The module it comes from.
    pub(crate) module: &'a str,
    /// Its name there.
    pub(crate) name: &'a str,
    /// Index of its type.
    pub(crate) ty: u32,
}

/// A valid module, section by section.
#[derive(Default)]
pub(crate) struct Wasm<'a> {
    /// All bytes of the module.
    bytes: &'a [u8],
    /// Sections that metering copies, by id.
    pub(crate) copied: Vec<(SectionId, &'a [u8])>,
    /// Types of functions.
    pub(crate) types: Vec<FuncType>,
    /// Imported functions.
    pub(crate) imports: Vec<Import<'a>>,
    /// For each function of the module itself, the index of its type.
    pub(crate) functions: Vec<u32>,
    /// Entries that the tables have at first, summed.
    pub(crate) table_entries: u64,
    /// The memories.
    pub(crate) memories: Vec<MemoryType>,
    /// The globals.
    pub(crate) globals: Vec<Global<'a>>,
    /// The exports.
    pub(crate) exports: Vec<Export<'a>>,
    /// Whether there is a start function.
    pub(crate) start: bool,
    /// Element segments.
    pub(crate) elements: Vec<Element<'a>>,
    /// Bodies of the functions of the module itself.
    pub(crate) bodies: Vec<FunctionBody<'a>>,
    /// Data segments.
    pub(crate) data: Vec<Data<'a>>,
}

impl<'a> Wasm<'a> {
    /// Takes a module apart.
    ///
    /// # Errors
    /// [`ParseFault::Invalid`], or one of the faults of a kind of content.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Validator::new_with_features(FEATURES).validate_all(bytes)?;
        let mut wasm = Self { bytes, ..Self::default() };
        let mut parser = Parser::new(0);
        parser.set_features(FEATURES);
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

    /// Remembers the content of a section.
    fn copy_section(&mut self, id: SectionId, range: Range<u64>) {
        self.copied.push((id, self.slice(range)));
    }

    /// A range of the module's bytes, as the parser counts them.
    fn slice(&self, range: Range<u64>) -> &'a [u8] {
        let start = usize::try_from(range.start).unwrap_or(usize::MAX);
        let end = usize::try_from(range.end).unwrap_or(usize::MAX);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// The type of a function, imported or not; indices are valid by validation.
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

    /// The index of the import that pays for growing memory.
    pub(crate) fn grow_import(&self) -> Option<u32> {
        let is_grow_import =
            |i: &Import<'_>| i.module == host::VM_HOOKS_MODULE && i.name == meter::GROW_IMPORT;
        self.imports.iter().position(is_grow_import)?.try_into().ok()
    }

    /// The memory; absent only before [`rules::check`] has passed.
    pub(crate) fn memory(&self) -> Option<&MemoryType> {
        self.memories.first()
    }

    /// Pages that the memory has at first.
    pub(crate) fn pages(&self) -> u64 {
        self.memory().map_or(0, |memory| memory.initial)
    }

    /// Whether the memory can grow at all.
    pub(crate) fn can_grow(&self) -> bool {
        self.memory().is_some_and(|memory| memory.maximum != Some(memory.initial))
    }

    /// Bytes that all element segments take in the module.
    pub(crate) fn element_bytes(&self) -> u64 {
        total_len(self.elements.iter().map(|element| &element.range))
    }

    /// Bytes that all data segments take in the module, their heads included.
    pub(crate) fn data_bytes(&self) -> u64 {
        total_len(self.data.iter().map(|data| &data.range))
    }

    /// Bytes of the whole module.
    pub(crate) const fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The operators of a function.
    ///
    /// # Errors
    /// [`ParseFault::OverlongTable`]: an indirect call names its table by more than a zero byte.
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
                // The type before it ends with a byte below 0x80, so longer forms show here.
                if !matches!(coded, [.., 0x00..=0x7f, 0]) {
                    return Err(ParseError::OverlongTableIndex(start));
                }
            }
            operators.push(operator);
        }
        Ok(operators)
    }
}

/// Bytes in all of these ranges together.
fn total_len<'r>(ranges: impl Iterator<Item = &'r Range<u64>>) -> u64 {
    ranges.map(|range| range.end.saturating_sub(range.start)).fold(0, u64::saturating_add)
}

/// Refuses a name section with a malformed or overlong name of the module.
fn check_name(custom: &CustomSectionReader<'_>) -> Result<(), ParseError> {
    if let KnownCustom::Name(names) = custom.as_known() {
        for name in names {
            if let Name::Module { name, .. } = name? {
                rules::check_module_name(name)?;
            }
        }
    }
    Ok(())
}

/// The place of an active segment: table or memory zero, at a constant offset.
pub(crate) enum SegmentOffset {
    /// Not placed when the program starts.
    Passive,
    /// At this signed offset.
    Active(i32),
}

/// Where a data segment goes.
pub(crate) fn data_offset(data: &Data<'_>) -> Result<SegmentOffset, ParseError> {
    match &data.kind {
        DataKind::Passive => Ok(SegmentOffset::Passive),
        DataKind::Active { offset_expr, .. } => {
            constant_offset(offset_expr).map(SegmentOffset::Active)
        }
    }
}

/// Where an element segment goes.
pub(crate) fn element_offset(element: &Element<'_>) -> Result<SegmentOffset, ParseError> {
    match &element.kind {
        ElementKind::Passive | ElementKind::Declared => Ok(SegmentOffset::Passive),
        ElementKind::Active { offset_expr, .. } => {
            constant_offset(offset_expr).map(SegmentOffset::Active)
        }
    }
}

/// The value of an offset, which has to be a constant.
fn constant_offset(expression: &wasmparser::ConstExpr<'_>) -> Result<i32, ParseError> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(value),
        _ => Err(ParseError::NonConstantOffset),
    }
}
