//! Pages: `memory.grow` pays for its pages before it runs.

use wasmparser::Operator;

use super::MeterGlobals;

/// Inserts a call of the import `grow_import` before every `memory.grow`, with the same argument.
pub(super) fn meter(
    globals: MeterGlobals,
    grow_import: u32,
    operators: Vec<Operator<'_>>,
) -> Vec<Operator<'_>> {
    let mut metered = Vec::with_capacity(operators.len());
    for operator in operators {
        if matches!(operator, Operator::MemoryGrow { .. }) {
            metered.extend([
                Operator::GlobalSet { global_index: globals.scratch },
                Operator::GlobalGet { global_index: globals.scratch },
                Operator::GlobalGet { global_index: globals.scratch },
                Operator::Call { function_index: grow_import },
            ]);
        }
        metered.push(operator);
    }
    metered
}
