//! Ink by length: `memory.copy` and `memory.fill` are charged per byte right before they run.

use wasmparser::{BlockType, Operator};

use super::MeterGlobals;

/// Ink per byte.
const INK_PER_BYTE: i64 = 100;

/// Inserts a charge before every bulk memory operator.
pub(super) fn meter(globals: MeterGlobals, operators: Vec<Operator<'_>>) -> Vec<Operator<'_>> {
    let mut metered = Vec::with_capacity(operators.len());
    for operator in operators {
        if matches!(operator, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. }) {
            metered.extend(charge(globals));
        }
        metered.push(operator);
    }
    metered
}

/// Charges ink for the number of bytes in the topmost operand and leaves the operand in place.
///
/// The price cannot overflow: it is below 2^39. If the subtraction wraps, the ink did not suffice.
const fn charge(globals: MeterGlobals) -> [Operator<'static>; 17] {
    use Operator as O;
    [
        O::GlobalSet { global_index: globals.scratch },
        O::GlobalGet { global_index: globals.ink_left },
        O::GlobalGet { global_index: globals.ink_left },
        O::GlobalGet { global_index: globals.scratch },
        O::I64ExtendI32U,
        O::I64Const { value: INK_PER_BYTE },
        O::I64Mul,
        O::I64Sub,
        O::GlobalSet { global_index: globals.ink_left },
        O::GlobalGet { global_index: globals.ink_left },
        O::I64LtU,
        O::If { blockty: BlockType::Empty },
        O::I32Const { value: 1 },
        O::GlobalSet { global_index: globals.ink_status },
        O::Unreachable,
        O::End,
        O::GlobalGet { global_index: globals.scratch },
    ]
}
