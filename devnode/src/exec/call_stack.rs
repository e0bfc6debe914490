//! The open frames of a running message.

use alloy::primitives::Address;
use revm::interpreter::{CallScheme, FrameInput};

/// An open frame.
#[derive(Clone, Copy, Debug)]
struct OpenFrame {
    /// Caller of the frame.
    caller: Address,
    /// Account that the frame acts as; `None` for delegate calls and creations, which do not count
    /// as entering it.
    context_address: Option<Address>,
}

/// Open frames, outermost first.
#[derive(Debug, Default)]
pub(super) struct CallStack(Vec<OpenFrame>);

impl CallStack {
    /// Records a frame that opens at `depth`; all frames at that depth or deeper have ended.
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

    /// Number of frames above the innermost one.
    pub(super) const fn depth(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    /// Caller of the frame that called the innermost one; zero if there is none.
    pub(super) fn outer_caller(&self) -> Address {
        let outer = self.depth().checked_sub(1).and_then(|depth| self.0.get(depth));
        outer.map(|frame| frame.caller).unwrap_or_default()
    }

    /// Whether `address` is entered more than once.
    pub(super) fn is_reentrant(&self, address: Address) -> bool {
        self.0.iter().filter(|frame| frame.context_address == Some(address)).nth(1).is_some()
    }
}
