//! What a tester reports of its probes.

use muster_client::protocol::report::Entry;
use muster_client::{Agreement, Progress, holds_seat};

use crate::store::{Store, StoreError};

/// What was measured often enough of each worker in each of the windows `seats`, bit k for window k, in the order in which a
/// report needs it.
///
/// # Errors
/// [`StoreError::Query`].
pub fn measured_entries(
    store: &Store,
    agreement: &Agreement,
    progress: &Progress,
    seats: u32,
) -> Result<Vec<Entry>, StoreError> {
    let (terms, course) = (agreement.terms(), &progress.course);
    let mut entries = Vec::new();
    for index in 0..terms.header.redundancy {
        for window in (0..terms.header.windows).filter(|window| holds_seat(seats, *window)) {
            let Some(needed) = course.needed_probes(terms, index, window) else { continue };
            let until = course.judged_ticks(terms, index, window).end;
            let until = progress.start().saturating_add(until.into());
            let measured = store.measurement(agreement.address(), index, window, until)?;
            if measured.made >= needed {
                entries.push(measured.entry(index, window));
            }
        }
    }
    Ok(entries)
}
