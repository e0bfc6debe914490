//! Ink of basic blocks, charged at once before the first operator of each block.

use wasmparser::{BlockType, Operator};

use super::{
    MeterGlobals,
    opcode::{ends_block, opcode_info},
};
use crate::wasm::Wasm;

/// Ink of the metering code itself, in every block.
const BLOCK_HEADER_INK: u64 = 2450;

/// Value of the status global once the ink is exhausted.
const STATUS_EXHAUSTED: i32 = 1;

/// Inserts a charge before every basic block.
pub(super) fn meter<'a>(
    wasm: &Wasm<'a>,
    globals: MeterGlobals,
    operators: Vec<Operator<'a>>,
) -> Vec<Operator<'a>> {
    let mut metered = Vec::with_capacity(operators.len().saturating_mul(2));
    let (mut block, mut cost) = (Vec::new(), BLOCK_HEADER_INK);
    for operator in operators {
        // An unsupported operator is rejected before it can run.
        let ink = opcode_info(&operator, wasm).map_or(u64::MAX, |opcode| opcode.ink);
        cost = cost.saturating_add(ink);
        let ends = ends_block(&operator);
        block.push(operator);
        if ends {
            metered.extend(charge(globals, cost));
            metered.append(&mut block);
            cost = BLOCK_HEADER_INK;
        }
    }
    metered
}

/// Charges `cost` ink, or sets the status and traps with the ink unchanged.
const fn charge(globals: MeterGlobals, cost: u64) -> [Operator<'static>; 12] {
    use Operator as O;
    let value = cost.cast_signed();
    [
        O::GlobalGet { global_index: globals.ink_left },
        O::I64Const { value },
        O::I64LtU,
        O::If { blockty: BlockType::Empty },
        O::I32Const { value: STATUS_EXHAUSTED },
        O::GlobalSet { global_index: globals.ink_status },
        O::Unreachable,
        O::End,
        O::GlobalGet { global_index: globals.ink_left },
        O::I64Const { value },
        O::I64Sub,
        O::GlobalSet { global_index: globals.ink_left },
    ]
}
