//! When workers are measured, as the chain and the state file know it, and when an agreement was planned to end.

use muster_client::{Agreement, Progress};

use crate::schedule::Timing;
use crate::store::{Store, StoreError};

/// The timing of the worker at `index` in a window, for a daemon that sees its accept in the tick `now` at the latest;
/// `None` if the worker is not judged in that window.
pub(crate) fn timing_of(
    agreement: &Agreement,
    progress: &Progress,
    store: &Store,
    (index, window): (u8, u8),
    now: u64,
) -> Result<Option<Timing>, StoreError> {
    let (terms, course, start) = (agreement.terms(), &progress.course, progress.start());
    if course.judged_ticks(terms, index, window).is_empty() {
        return Ok(None);
    }
    let accepted_at = if let Some(tick) = store.accepted_at(agreement.address(), index)? {
        tick
    } else {
        // The first accept was at the start, and no later one was after the time to accept.
        let is_first = course.accepted.is_power_of_two();
        let last_accept = agreement.times(progress).last_accept();
        let seen = if is_first { start } else { now.min(last_accept) };
        store.record_accept(agreement.address(), index, seen)?;
        seen
    };
    let ticks = course.window_ticks(terms, window);
    let [from, until] = [ticks.start, ticks.end].map(|at| start.saturating_add(at.into()));
    let accept_window = terms.header.accept_window;
    Ok(Some(Timing { window: from..until, accepted_at, accept_window }))
}

/// The tick in which a running agreement was planned to end at its start. No cancellation and no resignation changes it.
pub(crate) fn planned_end(agreement: &Agreement, progress: &Progress) -> u64 {
    progress.start().saturating_add(agreement.terms().header.length.into())
}

/// The Unix second of the planned end. On a clock of blocks no tick has one that would stay the same; then it is never,
/// because what is delegated until then ends with the agreement anyway.
pub(crate) fn planned_end_second(agreement: &Agreement, progress: &Progress) -> u64 {
    if agreement.terms().header.seconds { planned_end(agreement, progress) } else { u64::MAX }
}
