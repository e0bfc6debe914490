//! The maximum height of a function's operand stack, by a walk over its operators.
//!
//! The walk is coarser than validation, as Nitro's is: unreachable code counts like any other, and
//! popping from an empty stack leaves it empty.

use wasmparser::{BlockType, FuncType, Operator};

use super::opcode::opcode_info;
use crate::wasm::Wasm;

/// State of the walk.
#[derive(Debug, Default)]
struct StackHeight {
    /// Current height.
    height: usize,
    /// Maximum height so far.
    max_height: usize,
    /// For each open block, the height after its end: the operands below it plus its results.
    scopes: Vec<usize>,
}

/// The maximum number of operands that a function with these operators holds.
pub(super) fn max_stack_height(wasm: &Wasm<'_>, operators: &[Operator<'_>]) -> usize {
    let mut walk = StackHeight::default();
    for operator in operators {
        walk.step(wasm, operator);
    }
    walk.max_height
}

impl StackHeight {
    /// Applies one operator.
    fn step(&mut self, wasm: &Wasm<'_>, operator: &Operator<'_>) {
        use Operator as O;
        match operator {
            O::Block { blockty } | O::Loop { blockty } => self.open(wasm, *blockty),
            O::If { blockty } => {
                self.pop(1);
                self.open(wasm, *blockty);
            }
            O::Else => self.height = self.scopes.last().copied().unwrap_or_default(),
            O::End => self.height = self.scopes.pop().unwrap_or_default(),
            O::Call { function_index } => self.call(wasm.function_type(*function_index)),
            O::CallIndirect { type_index, .. } => {
                self.call(wasm.ty(*type_index));
                self.pop(1);
            }
            _ => {
                let delta = opcode_info(operator, wasm).map_or(0, |opcode| opcode.stack_delta);
                if delta > 0 {
                    self.push(delta.unsigned_abs().into());
                } else {
                    self.pop(delta.unsigned_abs().into());
                }
            }
        }
    }

    /// Pushes operands.
    fn push(&mut self, count: usize) {
        self.height = self.height.saturating_add(count);
        self.max_height = self.max_height.max(self.height);
    }

    /// Pops operands, as many as there are.
    const fn pop(&mut self, count: usize) {
        self.height = self.height.saturating_sub(count);
    }

    /// Opens a block and reserves its results.
    fn open(&mut self, wasm: &Wasm<'_>, block: BlockType) {
        match block {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.call(wasm.ty(index)),
        }
        self.scopes.push(self.height);
    }

    /// Pushes the results of a type, then pops its parameters.
    fn call(&mut self, ty: Option<&FuncType>) {
        if let Some(ty) = ty {
            self.push(ty.results().len());
            self.pop(ty.params().len());
        }
    }
}
