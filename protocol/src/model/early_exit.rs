//! Ending early.

use super::{Address, Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, Resigned,
};
use crate::abi::State;

impl Model {
    /// `cancel()`: the window of now and one more are kept, and what makes up the shortest agreement.
    pub(super) fn cancel(&mut self, to: Address, caller: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        let head = agreement.terms.header;
        if caller != head.client {
            return agreement_revert(NotTheClient { caller });
        }
        agreement.require_state(State::Running, self.tick())?;
        let paid = (1..=head.windows).find(|n| agreement.ticks(*n) >= self.settings.minLength);
        let kept = agreement.window(self.tick()) + 2;
        let windows = kept.max(paid.unwrap_or(head.windows)).min(head.windows);
        if windows >= agreement.judged_windows {
            return agreement_revert(CannotShorten { windows: agreement.judged_windows });
        }
        agreement.judged_windows = windows;
        let end = agreement.end().unwrap_or(0);
        self.store_agreement(to, agreement);
        self.emit_from(to, Cancelled { windows, end });
        Ok(())
    }

    /// `resign()`: from here on the worker is judged for what was finished.
    pub(super) fn resign(&mut self, to: Address, worker: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, worker)?.clone();
        let index = agreement.index(worker)?;
        let place = usize::from(index);
        if !agreement.accepted[place] {
            return agreement_revert(NotAccepted { worker });
        }
        if agreement.resigned[place].is_some() {
            return agreement_revert(AlreadyResigned { worker });
        }
        agreement.require_state(State::Running, self.tick())?;
        let windows = agreement.window(self.tick());
        agreement.resigned[place] = Some(windows);
        self.store_agreement(to, agreement);
        self.emit_from(to, Resigned { worker, index, windows });
        Ok(())
    }
}
