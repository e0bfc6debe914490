//! Ink by length: `memory.copy` and `memory.fill` pay for each byte right before they run.

use wasmparser::{BlockType, Operator};

use super::MeterGlobals;

/// Ink of a byte.
const INK_PER_BYTE: i64 = 100;

/// Puts a meter before every operator that works on many bytes.
pub(super) fn meter(slots: MeterGlobals, operators: Vec<Operator<'_>>) -> Vec<Operator<'_>> {
    let mut metered = Vec::with_capacity(operators.len());
    for operator in operators {
        if matches!(operator, Operator::MemoryCopy { .. } | Operator::MemoryFill { .. }) {
            metered.extend(charge(slots));
        }
        metered.push(operator);
    }
    metered
}

/// Takes the ink for as many bytes as the topmost operand says, and leaves that operand there.
///
/// The price cannot wrap: it is below 2^39. If the difference does, more was asked than was there.
const fn charge(slots: MeterGlobals) -> [Operator<'static>; 17] {
    use Operator as O;
    [
        O::GlobalSet { global_index: slots.scratch },
        O::GlobalGet { global_index: slots.ink_left },
        O::GlobalGet { global_index: slots.ink_left },
        O::GlobalGet { global_index: slots.scratch },
        O::I64ExtendI32U,
        O::I64Const { value: INK_PER_BYTE },
        O::I64Mul,
        O::I64Sub,
        O::GlobalSet { global_index: slots.ink_left },
        O::GlobalGet { global_index: slots.ink_left },
        O::I64LtU,
        O::If { blockty: BlockType::Empty },
        O::I32Const { value: 1 },
        O::GlobalSet { global_index: slots.ink_status },
        O::Unreachable,
        O::End,
        O::GlobalGet { global_index: slots.scratch },
    ]
}
