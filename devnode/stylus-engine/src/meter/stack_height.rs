//! How many operands a function holds at most, by a walk over its operators.
//!
//! The walk is coarser than validation: code that is never reached counts like any other, and takes
//! from an empty stack leave it empty.

use wasmparser::{BlockType, FuncType, Operator};

use super::opcode::opcode_info;
use crate::check::Wasm;

/// The walk.
#[derive(Debug, Default)]
struct Walk {
    /// Operands now.
    height: usize,
    /// The most there were.
    max_height: usize,
    /// For each open block, the operands after its end: those below it, and its results.
    scopes: Vec<usize>,
}

/// The most operands that the function with these operators holds at a time.
pub(super) fn max_stack_height(wasm: &Wasm<'_>, operators: &[Operator<'_>]) -> usize {
    let mut walk = Walk::default();
    for operator in operators {
        walk.step(wasm, operator);
    }
    walk.max_height
}

impl Walk {
    /// Goes over one operator.
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
                let net = opcode_info(operator, wasm).map_or(0, |opcode| opcode.stack_delta);
                if net > 0 {
                    self.push(net.unsigned_abs().into());
                } else {
                    self.pop(net.unsigned_abs().into());
                }
            }
        }
    }

    /// Adds operands.
    fn push(&mut self, count: usize) {
        self.height = self.height.saturating_add(count);
        self.max_height = self.max_height.max(self.height);
    }

    /// Takes operands, as many as there are.
    const fn pop(&mut self, count: usize) {
        self.height = self.height.saturating_sub(count);
    }

    /// Begins a block, with room for its results.
    fn open(&mut self, wasm: &Wasm<'_>, block: BlockType) {
        match block {
            BlockType::Empty => {}
            BlockType::Type(_) => self.push(1),
            BlockType::FuncType(index) => self.call(wasm.ty(index)),
        }
        self.scopes.push(self.height);
    }

    /// Adds the results of a type, then takes its parameters.
    fn call(&mut self, ty: Option<&FuncType>) {
        if let Some(ty) = ty {
            self.push(ty.results().len());
            self.pop(ty.params().len());
        }
    }
}
