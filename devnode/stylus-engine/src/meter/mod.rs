//! Metering: rewrites a module so that it counts its own ink, stack and pages.
//!
//! Four passes run in order, each on the output of the one before: ink of basic blocks
//! ([`blocks`]), ink by length ([`bulk`]), stack ([`stack_depth`]), pages ([`grow`]). Only the
//! module's own operators cost ink, but inserted operators count as opcodes and as operands of the
//! stack.

mod blocks;
mod bulk;
mod grow;
mod opcode;
mod stack_depth;
mod stack_height;

use std::ops::Range;

use wasm_encoder::{
    CodeSection, ConstExpr, ExportKind, ExportSection, Function, GlobalSection, GlobalType, Module,
    RawSection, SectionId, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::{FunctionBody, Operator};

use crate::{
    error::{Limit, ParseError},
    wasm::{ENTRYPOINT, MEMORY, METER_GLOBALS, Wasm, declared_locals},
};

/// Exported global: ink left.
pub(crate) const INK_LEFT: &str = "stylus_ink_left";

/// Exported global: one once the ink is exhausted.
pub(crate) const INK_STATUS: &str = "stylus_ink_status";

/// Exported global: words of stack left.
pub(crate) const STACK_LEFT: &str = "stylus_stack_left";

/// Indices of the globals that metering adds.
#[derive(Clone, Copy, Debug)]
struct MeterGlobals {
    /// Ink left, 64 bits.
    ink_left: u32,
    /// Whether the ink is exhausted.
    ink_status: u32,
    /// Temporary storage for an operand.
    scratch: u32,
    /// Words of stack left.
    stack_left: u32,
}

impl MeterGlobals {
    /// The globals after `taken` others.
    const fn after(taken: u32) -> Self {
        Self {
            ink_left: taken,
            ink_status: taken.saturating_add(1),
            scratch: taken.saturating_add(2),
            stack_left: taken.saturating_add(3),
        }
    }
}

/// An instrumented module.
#[derive(Debug)]
pub(crate) struct Metered {
    /// The module.
    pub(crate) wasm: Vec<u8>,
    /// Opcodes of all functions, including inserted ones.
    pub(crate) opcodes: u64,
}

/// Whether programs may use this operator.
pub(crate) fn is_supported(operator: &Operator<'_>, wasm: &Wasm<'_>) -> bool {
    opcode::opcode_info(operator, wasm).is_some()
}

/// Runs all passes. `bodies` are the operators of the functions of `wasm`, in order.
///
/// # Errors
/// [`ParseError::LimitExceeded`] for functions that are too large, before or after metering.
pub(crate) fn instrument<'a>(
    wasm: &Wasm<'a>,
    bodies: Vec<Vec<Operator<'a>>>,
) -> Result<Metered, ParseError> {
    let meter_globals = MeterGlobals::after(u32::try_from(wasm.globals.len())?);
    let mut code = CodeSection::new();
    let mut opcodes = 0_u64;
    for (body, operators) in wasm.bodies.iter().zip(bodies) {
        let operators =
            instrument_function(wasm, meter_globals, declared_locals(body)?, operators)?;
        opcodes = opcodes.saturating_add(u64::try_from(operators.len())?);
        code.function(&encode(body, operators)?);
    }
    Ok(Metered { wasm: assemble(wasm, meter_globals, &code)?, opcodes })
}

/// Runs all passes over one function.
fn instrument_function<'a>(
    wasm: &Wasm<'a>,
    meter_globals: MeterGlobals,
    locals: u32,
    operators: Vec<Operator<'a>>,
) -> Result<Vec<Operator<'a>>, ParseError> {
    let operators = blocks::meter(wasm, meter_globals, operators);
    let operators = bulk::meter(meter_globals, operators);

    let operands = u32::try_from(stack_height::max_stack_height(wasm, &operators))?;
    let words = stack_depth::frame_words(locals, operands);
    Limit::Operands.check(operands)?;
    Limit::FrameWords.check(words)?;
    let mut operators = stack_depth::meter(meter_globals, words, operators);

    if let Some(grow_import) = wasm.grow_import().filter(|_| wasm.can_grow()) {
        operators = grow::meter(meter_globals, grow_import, operators);
    }
    Limit::Opcodes.check(operators.len())?;
    Ok(operators)
}

/// Encodes a function.
fn encode(body: &FunctionBody<'_>, operators: Vec<Operator<'_>>) -> Result<Function, ParseError> {
    let mut locals = Vec::new();
    for group in body.get_locals_reader()? {
        let (count, ty) = group?;
        locals.push((count, RoundtripReencoder.val_type(ty)?));
    }
    let mut function = Function::new(locals);
    for operator in operators {
        function.instruction(&RoundtripReencoder.instruction(operator)?);
    }
    Ok(function)
}

/// Encodes the module: its sections in order, without those that a run does not need.
fn assemble(
    wasm: &Wasm<'_>,
    meter_globals: MeterGlobals,
    code: &CodeSection,
) -> Result<Vec<u8>, ParseError> {
    let mut module = Module::new();
    let copy = |module: &mut Module, ids: Range<SectionId>| {
        for &(id, data) in wasm.copied.iter().filter(|(id, _)| ids.contains(id)) {
            module.section(&RawSection { id: id.into(), data });
        }
    };
    copy(&mut module, SectionId::Custom..SectionId::Global);
    module.section(&globals(wasm)?);
    module.section(&exports(wasm, meter_globals));
    copy(&mut module, SectionId::Element..SectionId::Code);
    module.section(code);
    copy(&mut module, SectionId::Data..SectionId::DataCount);
    Ok(module.finish())
}

/// The module's own globals, then those of metering.
fn globals(wasm: &Wasm<'_>) -> Result<GlobalSection, ParseError> {
    let mut section = GlobalSection::new();
    for global in &wasm.globals {
        RoundtripReencoder.parse_global(&mut section, global.clone())?;
    }
    let variable = |val_type| GlobalType { val_type, mutable: true, shared: false };
    section.global(variable(ValType::I64), &ConstExpr::i64_const(0));
    for _ in 1..METER_GLOBALS {
        section.global(variable(ValType::I32), &ConstExpr::i32_const(0));
    }
    Ok(section)
}

/// The exports that a run needs: entry point, memory and metering globals.
fn exports(wasm: &Wasm<'_>, meter_globals: MeterGlobals) -> ExportSection {
    let mut section = ExportSection::new();
    for export in wasm.exports.iter().filter(|export| export.name == ENTRYPOINT) {
        section.export(ENTRYPOINT, ExportKind::Func, export.index);
    }
    section.export(MEMORY, ExportKind::Memory, 0);
    section.export(INK_LEFT, ExportKind::Global, meter_globals.ink_left);
    section.export(INK_STATUS, ExportKind::Global, meter_globals.ink_status);
    section.export(STACK_LEFT, ExportKind::Global, meter_globals.stack_left);
    section
}
