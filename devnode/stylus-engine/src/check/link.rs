//! Checks that imports, operators and segments exist for programs.

use wasmparser::{ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Operator};

use crate::{
    error::{ActivationError, BuildError, ParseError, Signature},
    host, meter,
    wasm::Wasm,
};

/// Bytes of a page.
const PAGE: u64 = 65_536;

/// Checks everything that links a module to the chain. `bodies` are its operators, not yet
/// instrumented.
pub(crate) fn check(
    wasm: &Wasm<'_>,
    bodies: &[Vec<Operator<'_>>],
    debug: bool,
) -> Result<(), ActivationError> {
    check_imports(wasm, debug)?;
    bodies.iter().flatten().try_for_each(|operator| check_operator(operator, wasm))?;
    check_elements(wasm)?;
    check_data(wasm)
}

/// Checks that every import is a hostio, with the right type.
fn check_imports(wasm: &Wasm<'_>, debug: bool) -> Result<(), BuildError> {
    for import in &wasm.imports {
        let named = || (import.module.into(), import.name.into());
        let expected = host::import_type(import.module, import.name, debug);
        let (Some(expected), Some(found)) = (expected, wasm.ty(import.ty)) else {
            let (module, name) = named();
            return Err(BuildError::NoSuchImport { module, name });
        };
        if expected != *found {
            let (module, name) = named();
            let (expected, found) = (Signature(expected), Signature(found.clone()));
            return Err(BuildError::ImportTypeMismatch { module, name, expected, found });
        }
    }
    Ok(())
}

/// Rejects float arithmetic, and bulk operators on tables and segments that validation allows.
fn check_operator(operator: &Operator<'_>, wasm: &Wasm<'_>) -> Result<(), BuildError> {
    use Operator as O;
    if meter::is_supported(operator, wasm) {
        return Ok(());
    }
    let name = format!("{operator:?}").into();
    match operator {
        O::MemoryInit { .. }
        | O::DataDrop { .. }
        | O::TableInit { .. }
        | O::TableCopy { .. }
        | O::ElemDrop { .. } => Err(BuildError::UnsupportedOpcode(name)),
        _ => Err(BuildError::FloatOpcode(name)),
    }
}

/// Checks that active element segments fit the table.
fn check_elements(wasm: &Wasm<'_>) -> Result<(), ActivationError> {
    for element in &wasm.elements {
        let size = match &element.items {
            ElementItems::Functions(items) => items.count(),
            ElementItems::Expressions(_, items) => items.count(),
        };
        if let SegmentOffset::Active(offset) = element_offset(element)?
            && let Err((offset, size)) = check_bounds(offset, size.into(), wasm.table_entries)
        {
            return Err(BuildError::ElementsOutOfBounds { offset, size }.into());
        }
    }
    Ok(())
}

/// Checks that active data segments fit the memory.
fn check_data(wasm: &Wasm<'_>) -> Result<(), ActivationError> {
    let end = wasm.pages().saturating_mul(PAGE);
    for data in &wasm.data {
        let size = u64::try_from(data.data.len()).map_err(ParseError::from)?;
        if let SegmentOffset::Active(offset) = data_offset(data)?
            && let Err((offset, size)) = check_bounds(offset, size, end)
        {
            return Err(BuildError::DataOutOfBounds { offset, size }.into());
        }
    }
    Ok(())
}

/// Checks that a segment ends at or before `end`; on failure returns its sign-extended offset and
/// its size.
fn check_bounds(offset: i32, size: u64, end: u64) -> Result<(), (u64, u64)> {
    let offset = i64::from(offset).cast_unsigned();
    match offset.checked_add(size) {
        Some(last) if last <= end => Ok(()),
        _ => Err((offset, size)),
    }
}

/// Where a segment goes: passive, or at a constant offset of table or memory zero.
enum SegmentOffset {
    /// Not copied at instantiation.
    Passive,
    /// Copied to this signed offset.
    Active(i32),
}

/// The offset of a data segment.
fn data_offset(data: &Data<'_>) -> Result<SegmentOffset, ParseError> {
    match &data.kind {
        DataKind::Passive => Ok(SegmentOffset::Passive),
        DataKind::Active { offset_expr, .. } => {
            constant_offset(offset_expr).map(SegmentOffset::Active)
        }
    }
}

/// The offset of an element segment.
fn element_offset(element: &Element<'_>) -> Result<SegmentOffset, ParseError> {
    match &element.kind {
        ElementKind::Passive | ElementKind::Declared => Ok(SegmentOffset::Passive),
        ElementKind::Active { offset_expr, .. } => {
            constant_offset(offset_expr).map(SegmentOffset::Active)
        }
    }
}

/// The value of an offset expression, which must be a constant.
fn constant_offset(expression: &ConstExpr<'_>) -> Result<i32, ParseError> {
    match expression.get_operators_reader().read()? {
        Operator::I32Const { value } => Ok(value),
        _ => Err(ParseError::NonConstantOffset),
    }
}
