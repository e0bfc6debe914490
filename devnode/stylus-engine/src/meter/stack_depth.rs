//! Stack words: every call takes its frame from a budget and returns it at the end.

use wasmparser::{BlockType, Operator};

use super::MeterGlobals;

/// Words of a frame besides locals and operands.
const FRAME_OVERHEAD_WORDS: u32 = 4;

/// Words of a frame with this many `locals` and `operands`.
pub(super) const fn frame_words(locals: u32, operands: u32) -> u32 {
    locals.saturating_add(operands).saturating_add(FRAME_OVERHEAD_WORDS)
}

/// Inserts code that takes `words` when the function is entered and returns them at every return.
pub(super) fn meter(
    globals: MeterGlobals,
    words: u32,
    operators: Vec<Operator<'_>>,
) -> Vec<Operator<'_>> {
    let last = operators.len().saturating_sub(1);
    let mut metered = Vec::with_capacity(operators.len().saturating_add(32));
    metered.extend(enter_frame(globals, words));
    for (at, operator) in operators.into_iter().enumerate() {
        if at == last {
            metered.extend(leave_frame(globals, words));
            metered.push(Operator::Return);
        } else if matches!(operator, Operator::Return) {
            metered.extend(leave_frame(globals, words));
        }
        metered.push(operator);
    }
    metered
}

/// Takes `words`, or sets the budget to zero and traps.
const fn enter_frame(globals: MeterGlobals, words: u32) -> [Operator<'static>; 12] {
    use Operator as O;
    let (left, words) = (globals.stack_left, words.cast_signed());
    [
        O::GlobalGet { global_index: left },
        O::I32Const { value: words },
        O::I32LeU,
        O::If { blockty: BlockType::Empty },
        O::I32Const { value: 0 },
        O::GlobalSet { global_index: left },
        O::Unreachable,
        O::End,
        O::GlobalGet { global_index: left },
        O::I32Const { value: words },
        O::I32Sub,
        O::GlobalSet { global_index: left },
    ]
}

/// Returns `words` to the budget.
const fn leave_frame(globals: MeterGlobals, words: u32) -> [Operator<'static>; 4] {
    use Operator as O;
    [
        O::GlobalGet { global_index: globals.stack_left },
        O::I32Const { value: words.cast_signed() },
        O::I32Add,
        O::GlobalSet { global_index: globals.stack_left },
    ]
}
