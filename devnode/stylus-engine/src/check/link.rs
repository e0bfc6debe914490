//! Imports, operators and segments against what programs have.

use wasmparser::{ElementItems, Operator};

use super::{
    BuildFault, ParseFault, Signature, Wasm,
    wasm::{Place, data_place, element_place},
};
use crate::{activation::ActivateError, host, meter};

/// Bytes of a page.
const PAGE: u64 = 65_536;

/// Checks everything that ties a module to the chain; `bodies` are its operators without meters.
pub(crate) fn check(
    wasm: &Wasm<'_>,
    bodies: &[Vec<Operator<'_>>],
    debug: bool,
) -> Result<(), ActivateError> {
    check_imports(wasm, debug)?;
    bodies.iter().flatten().try_for_each(|operator| check_operator(operator, wasm))?;
    check_elements(wasm)?;
    check_data(wasm)
}

/// Checks that every import is a hook, with the hook's type.
fn check_imports(wasm: &Wasm<'_>, debug: bool) -> Result<(), BuildFault> {
    for import in &wasm.imports {
        let named = || (import.module.into(), import.name.into());
        let expected = host::signature(import.module, import.name, debug);
        let (Some(expected), Some(found)) = (expected, wasm.ty(import.ty)) else {
            let (module, name) = named();
            return Err(BuildFault::NoSuchImport { module, name });
        };
        if expected != *found {
            let (module, name) = named();
            let (expected, found) = (Signature(expected), Signature(found.clone()));
            return Err(BuildFault::ImportType { module, name, expected, found });
        }
    }
    Ok(())
}

/// Refuses arithmetic on floats, and what validation lets pass of tables and segments.
fn check_operator(operator: &Operator<'_>, wasm: &Wasm<'_>) -> Result<(), BuildFault> {
    use Operator as O;
    if meter::is_known(operator, wasm) {
        return Ok(());
    }
    let name = format!("{operator:?}").into();
    match operator {
        O::MemoryInit { .. }
        | O::DataDrop { .. }
        | O::TableInit { .. }
        | O::TableCopy { .. }
        | O::ElemDrop { .. } => Err(BuildFault::Opcode(name)),
        _ => Err(BuildFault::Float(name)),
    }
}

/// Checks that the elements of active segments fit the table.
fn check_elements(wasm: &Wasm<'_>) -> Result<(), ActivateError> {
    for element in &wasm.elements {
        let size = match &element.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) => items.count(),
        };
        if let Place::At(offset) = element_place(element)?
            && let Err((offset, size)) = check_bounds(offset, size.into(), wasm.table_entries)
        {
            return Err(BuildFault::ElementBounds { offset, size }.into());
        }
    }
    Ok(())
}

/// Checks that the bytes of active segments fit the memory.
fn check_data(wasm: &Wasm<'_>) -> Result<(), ActivateError> {
    let end = wasm.pages().saturating_mul(PAGE);
    for data in &wasm.data {
        let size = u64::try_from(data.data.len()).map_err(ParseFault::from)?;
        if let Place::At(offset) = data_place(data)?
            && let Err((offset, size)) = check_bounds(offset, size, end)
        {
            return Err(BuildFault::DataBounds { offset, size }.into());
        }
    }
    Ok(())
}

/// Checks that a segment ends before `end`; else its offset, sign-extended, and its size.
fn check_bounds(offset: i32, size: u64, end: u64) -> Result<(), (u64, u64)> {
    let offset = i64::from(offset).cast_unsigned();
    match offset.checked_add(size) {
        Some(last) if last <= end => Ok(()),
        _ => Err((offset, size)),
    }
}
