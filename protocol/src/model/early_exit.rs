//! Ending early: cancelling and resigning.

use super::{Address, Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, Resigned,
};
use crate::abi::State;

impl Model {
    /// `cancel()`: keeps the current window and one more, and enough windows for `minLength`.
    pub(super) fn cancel(&mut self, to: Address, caller: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        let header = agreement.terms.header;
        if caller != header.client {
            return agreement_revert(NotTheClient { caller });
        }
        agreement.require_state(State::Running, self.tick())?;
        let paid = (1..=header.windows).find(|n| agreement.ticks(*n) >= self.settings.minLength);
        let kept = agreement.window(self.tick()) + 2;
        let windows = kept.max(paid.unwrap_or(header.windows)).min(header.windows);
        if windows >= agreement.judged_windows {
            return agreement_revert(CannotShorten { windows: agreement.judged_windows });
        }
        agreement.judged_windows = windows;
        let end = agreement.end().unwrap_or(0);
        self.store_agreement(to, agreement);
        self.emit_from(to, Cancelled { windows, end });
        Ok(())
    }

    /// `resign()`: the worker is judged for its finished windows.
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
