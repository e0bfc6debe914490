//! The frames that are open while a message runs.

use alloy::primitives::Address;
use revm::interpreter::{CallScheme, FrameInput};

/// One open frame.
#[derive(Clone, Copy, Debug)]
struct OpenFrame {
    /// Who called.
    caller: Address,
    /// The account that was entered; `None` if its code only acts for another.
    context_address: Option<Address>,
}

/// The open frames, outermost first.
#[derive(Debug, Default)]
pub(super) struct CallStack(Vec<OpenFrame>);

impl CallStack {
    /// Notes that a frame opens at `depth`, and that all frames from there on are closed.
    pub(super) fn enter(&mut self, depth: usize, input: &FrameInput) {
        let frame = match input {
            FrameInput::Call(call) => {
                let own = matches!(call.scheme, CallScheme::Call | CallScheme::StaticCall);
                OpenFrame {
                    caller: call.caller,
                    context_address: own.then_some(call.target_address),
                }
            }
            FrameInput::Create(create) => {
                OpenFrame { caller: create.caller(), context_address: None }
            }
            FrameInput::Empty => return,
        };
        self.0.truncate(depth);
        self.0.push(frame);
    }

    /// Frames above the innermost one.
    pub(super) const fn depth(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Who called the frame that called the innermost one; zero if a transaction did.
    pub(super) fn outer_caller(&self) -> Address {
        let outer = self.depth().checked_sub(1).and_then(|depth| self.0.get(depth));
        outer.map(|frame| frame.caller).unwrap_or_default()
    }

    /// Whether `address` is entered more than once.
    pub(super) fn is_reentrant(&self, address: Address) -> bool {
        self.0.iter().filter(|frame| frame.context_address == Some(address)).nth(1).is_some()
    }
}
