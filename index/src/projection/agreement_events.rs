//! What the events of agreements change.

use alloy::primitives::Address;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementEvents as Agreement;
use muster_client::protocol::abi::State;

use super::apply::Applying;
use crate::error::IndexError;

impl Applying<'_> {
    /// Adds an event of a genuine agreement.
    pub(super) fn add_agreement_event(
        &mut self,
        agreement: Address,
        event: &Agreement,
    ) -> Result<(), IndexError> {
        match event {
            Agreement::Accepted(event) => self.change_agreement(agreement, |row| {
                row.course.accepted |= bit(event.index);
            }),
            Agreement::Started(event) => self.change_agreement(agreement, |row| {
                row.course.start = event.start;
                row.seed = event.seed;
            }),
            Agreement::Reported(event) => {
                let is_new = self.insert_report(agreement, event)?;
                self.change_worker(event.tester, |tester| {
                    tester.reports = tester.reports.saturating_add(is_new.into());
                })
            }
            Agreement::Cancelled(event) => self.change_agreement(agreement, |row| {
                let length = event.end.saturating_sub(row.course.start);
                row.course.planned = u32::try_from(length).unwrap_or(u32::MAX);
            }),
            Agreement::Resigned(event) => self.change_agreement(agreement, |row| {
                let ticks = event.tick.saturating_sub(row.course.start);
                row.course.resigned |= bit(event.index);
                if let Some(left) = row.course.left.get_mut(usize::from(event.index)) {
                    *left = u32::try_from(ticks).unwrap_or(u32::MAX);
                }
            }),
            Agreement::Released(event) => {
                self.free_slots(agreement, event.freed)?;
                self.change_agreement(agreement, |row| row.released |= event.absent)
            }
            Agreement::Closed(event) => {
                let (void, second) = (event.state == State::Void, self.place.block.time);
                self.change_agreement(agreement, |row| {
                    row.outcome = if void { 2 } else { 1 };
                    row.closed = second;
                })
            }
            Agreement::ReportSkipped(_) => Ok(()),
        }
    }
}

/// The bit of worker `index` in a mask.
fn bit(index: u8) -> u8 {
    1_u8.checked_shl(index.into()).unwrap_or(0)
}
