//! `cancel` and `resign`: the client shortens the agreement, or a worker leaves it.

use muster_contract_kit::{Args, Reverted, emit, host, revert};
use muster_protocol::abi::IWorkAgreement::{
    AlreadyResigned, Cancelled, CannotShorten, NotAccepted, NotTheClient, Resigned,
};
use muster_protocol::abi::State;
use muster_protocol::lifecycle::{self, windows_after_cancel};

use crate::state::Agreement;

impl Agreement {
    /// The current window. Reverts unless the agreement is running.
    fn window(&self) -> Result<u8, Reverted> {
        self.require_state(State::Running)?;
        let header = &self.terms.header;
        let window =
            lifecycle::window_at(self.now(), self.progress.start, header.length, header.windows);
        Ok(window.unwrap_or(0))
    }
}

/// `cancel()`.
pub(crate) fn cancel(_: &mut Args) -> Result<(), Reverted> {
    let mut agreement = Agreement::load()?;
    let (header, caller) = (agreement.terms.header, host::caller());
    if caller != header.client {
        return Err(revert(&NotTheClient { caller }));
    }
    let current = agreement.window()?;
    let (before, windows) = (
        agreement.windows(),
        windows_after_cancel(current, header.windows, header.min_paid_windows),
    );
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
