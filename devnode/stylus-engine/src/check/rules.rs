//! Structural rules, checked before metering: names, counts, memory and entry point.

use std::collections::HashMap;

use wasmparser::{ExternalKind, FuncType, ValType};

use crate::{
    error::{Limit, MAX_NAME_LEN, ParseError, Signature},
    wasm::{ENTRYPOINT, GROW_IMPORT, MEMORY, METER_GLOBALS, Wasm, declared_locals},
};

/// Prefix of names reserved for metering.
const RESERVED_PREFIX: &str = "stylus";

/// Separator of a module and a name in the names of some exports.
const SEPARATOR: &str = "__";

/// Checks all structural rules. The memory may start with at most `page_limit` pages.
pub(crate) fn check(wasm: &Wasm<'_>, page_limit: u16, debug: bool) -> Result<(), ParseError> {
    check_counts(wasm)?;
    check_imports(wasm)?;
    check_exports(wasm)?;
    check_memory(wasm, page_limit)?;
    check_entrypoint(wasm)?;
    if wasm.start && !debug { Err(ParseError::StartFunction) } else { Ok(()) }
}

/// Checks every count that has a limit.
fn check_counts(wasm: &Wasm<'_>) -> Result<(), ParseError> {
    Limit::Imports.check(wasm.imports.len())?;
    Limit::Exports.check(wasm.exports.len().saturating_add(METER_GLOBALS))?;
    Limit::Functions.check(wasm.functions.len())?;
    Limit::Globals.check(wasm.globals.len().saturating_add(METER_GLOBALS))?;
    Limit::DataSegments.check(wasm.data.len())?;
    Limit::ElementSegments.check(wasm.elements.len())?;
    Limit::ElementEntries.check(wasm.element_bytes())?;
    Limit::TableEntries.check(wasm.table_entries)?;
    for body in &wasm.bodies {
        Limit::Locals.check(declared_locals(body)?)?;
    }
    Ok(())
}

/// Checks that each import has one type and no reserved name.
fn check_imports(wasm: &Wasm<'_>) -> Result<(), ParseError> {
    let mut seen = HashMap::new();
    for import in &wasm.imports {
        check_reserved(import.name)?;
        let ty = wasm.ty(import.ty);
        if *seen.entry((import.module, import.name)).or_insert(ty) != ty {
            return Err(ParseError::InconsistentImports {
                module: import.module.into(),
                name: import.name.into(),
            });
        }
    }
    Ok(())
}

/// Checks the names of exports. None may equal the name of an import, with or without a module
/// before it.
fn check_exports(wasm: &Wasm<'_>) -> Result<(), ParseError> {
    for export in &wasm.exports {
        if export.name.len() > MAX_NAME_LEN {
            return Err(ParseError::NameTooLong(export.name.len()));
        }
        check_reserved(export.name)?;
        let name = export.name.rsplit(SEPARATOR).next().unwrap_or(export.name);
        if wasm.imports.iter().any(|import| import.name == name) {
            return Err(ParseError::ExportShadowsImport(name.into()));
        }
    }
    Ok(())
}

/// Rejects names with the reserved prefix.
fn check_reserved(name: &str) -> Result<(), ParseError> {
    if name.starts_with(RESERVED_PREFIX) {
        Err(ParseError::ReservedName(name.into()))
    } else {
        Ok(())
    }
}

/// Checks that there is one memory, its export and size, and that its growth is paid for.
fn check_memory(wasm: &Wasm<'_>, page_limit: u16) -> Result<(), ParseError> {
    if wasm.memory().is_none() {
        return Err(ParseError::MissingMemory);
    }
    if !wasm.exports.iter().any(|e| e.name == MEMORY && e.kind == ExternalKind::Memory) {
        return Err(ParseError::MemoryNotExported);
    }
    if wasm.pages() > page_limit.into() {
        return Err(ParseError::TooManyInitialPages { found: wasm.pages(), most: page_limit });
    }
    if wasm.can_grow() {
        let index = wasm.grow_import().ok_or(ParseError::MissingGrowImport)?;
        let name = GROW_IMPORT;
        check_type(wasm, index, name, &FuncType::new([ValType::I32], []))?;
    }
    Ok(())
}

/// Checks that the entry point is a function from `i32` to `i32`.
fn check_entrypoint(wasm: &Wasm<'_>) -> Result<(), ParseError> {
    let export = wasm
        .exports
        .iter()
        .find(|export| export.name == ENTRYPOINT)
        .ok_or(ParseError::MissingExport(ENTRYPOINT))?;
    if export.kind != ExternalKind::Func {
        return Err(ParseError::ExportNotAFunction { name: ENTRYPOINT, kind: export.kind });
    }
    let expected = FuncType::new([ValType::I32], [ValType::I32]);
    check_type(wasm, export.index, ENTRYPOINT, &expected)
}

/// Checks the type of one function.
fn check_type(
    wasm: &Wasm<'_>,
    function: u32,
    name: &'static str,
    expected: &FuncType,
) -> Result<(), ParseError> {
    match wasm.function_type(function) {
        Some(found) if found != expected => {
            Err(ParseError::WrongType { name, found: Signature(found.clone()) })
        }
        Some(_) => Ok(()),
        None => Err(ParseError::MissingExport(name)),
    }
}
