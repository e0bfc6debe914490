//! Ending early: the client cuts the agreement short with notice, a worker leaves at its own cost.

use muster_contract_kit::{Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, Resigned,
};
use muster_protocol::abi::State;
use muster_protocol::lifecycle::{self, windows_after_cancel};

use crate::state::Agreement;

impl Agreement {
    /// The window of now, in an agreement that is running.
    fn window(&self) -> Result<u8, Reverted> {
        self.require_state(State::Running)?;
        let head = &self.terms.header;
        let window =
            lifecycle::window_at(self.now(), self.progress.start, head.length, head.windows);
        Ok(window.unwrap_or(0))
    }
}

/// `cancel()`.
pub(crate) fn cancel(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (head, caller) = (agreement.terms.header, host::caller());
    if caller != head.client {
        return Err(revert(&NotTheClient { caller }));
    }
    let current = agreement.window()?;
    let (before, windows) =
        (agreement.windows(), windows_after_cancel(current, head.windows, head.min_paid_windows));
    if windows >= before {
        return Err(revert(&CannotShorten { windows: before }));
    }
    agreement.progress.judged_windows = windows;
    agreement.save();
    emit(&Cancelled { windows, end: agreement.times().end() });
    Ok(())
}

/// `resign()`.
pub(crate) fn resign(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (worker, index) = agreement.worker_caller()?;
    if !agreement.has_accepted(index) {
        return Err(revert(&NotAccepted { worker }));
    }
    if agreement.resigned(index).is_some() {
        return Err(revert(&AlreadyResigned { worker }));
    }
    let windows = agreement.window()?;
    agreement.set_resigned(index, windows);
    agreement.save();
    emit(&Resigned { worker, index, windows });
    Ok(())
}
