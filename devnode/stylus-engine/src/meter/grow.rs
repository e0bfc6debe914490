//! Pages: `memory.grow` pays for what it asks before it asks.

use wasmparser::Operator;

use super::MeterGlobals;

/// Puts a call of the import `hook` before every `memory.grow`, with the same argument.
pub(super) fn meter(
    slots: MeterGlobals,
    grow_import: u32,
    operators: Vec<Operator<'_>>,
) -> Vec<Operator<'_>> {
    let mut metered = Vec::with_capacity(operators.len());
    for operator in operators {
        if matches!(operator, Operator::MemoryGrow { .. }) {
            metered.extend([
                Operator::GlobalSet { global_index: slots.scratch },
                Operator::GlobalGet { global_index: slots.scratch },
                Operator::GlobalGet { global_index: slots.scratch },
                Operator::Call { function_index: grow_import },
            ]);
        }
        metered.push(operator);
    }
    metered
}
