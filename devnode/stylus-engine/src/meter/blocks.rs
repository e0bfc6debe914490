//! Ink of basic blocks: taken at once, before the first operator of the block.

use wasmparser::{BlockType, Operator};

use super::{
    MeterGlobals,
    opcode::{ends_block, opcode_info},
};
use crate::check::Wasm;

/// Ink for the meter itself, in every block.
const BLOCK_HEADER_INK: u64 = 2450;

/// Value of the status global once the ink is used up.
const STATUS_EXHAUSTED: i32 = 1;

/// Puts a meter before every basic block.
pub(super) fn meter<'a>(
    wasm: &Wasm<'a>,
    slots: MeterGlobals,
    operators: Vec<Operator<'a>>,
) -> Vec<Operator<'a>> {
    let mut metered = Vec::with_capacity(operators.len().saturating_mul(2));
    let (mut block, mut cost) = (Vec::new(), BLOCK_HEADER_INK);
    for operator in operators {
        // What programs do not have is refused before it could run.
        let ink = opcode_info(&operator, wasm).map_or(u64::MAX, |opcode| opcode.ink);
        cost = cost.saturating_add(ink);
        let ends = ends_block(&operator);
        block.push(operator);
        if ends {
            metered.extend(charge(slots, cost));
            metered.append(&mut block);
            cost = BLOCK_HEADER_INK;
        }
    }
    metered
}

/// Takes `cost` ink, or traps with all of it left and the status set.
const fn charge(slots: MeterGlobals, cost: u64) -> [Operator<'static>; 12] {
    use Operator as O;
    let value = cost.cast_signed();
    [
        O::GlobalGet { global_index: slots.ink_left },
        O::I64Const { value },
        O::I64LtU,
        O::If { blockty: BlockType::Empty },
        O::I32Const { value: STATUS_EXHAUSTED },
        O::GlobalSet { global_index: slots.ink_status },
        O::Unreachable,
        O::End,
        O::GlobalGet { global_index: slots.ink_left },
        O::I64Const { value },
        O::I64Sub,
        O::GlobalSet { global_index: slots.ink_left },
    ]
}
