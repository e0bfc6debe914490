//! The reports that other testers have sent to this one, which posts them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, B256};
use muster_client::PostedReport;
use muster_messaging::{Content, Delivery};

use crate::request_client::Listener;

/// The newest report of each place of the agreements whose reports this tester collects. A message of anybody but the tester
/// at that place is dropped, so that nobody can displace a report, or fill the memory.
#[derive(Debug, Default)]
pub(super) struct ReportInbox(Mutex<HashMap<Address, Places>>);

/// The places of one agreement.
#[derive(Debug, Default)]
struct Places {
    /// The message keys of the testers.
    keys: BTreeMap<u32, B256>,
    /// What they have sent.
    reports: BTreeMap<u32, PostedReport>,
}

impl ReportInbox {
    /// Accepts the reports of an agreement from the testers with these keys, by place. Reports that are there stay.
    pub(super) fn open(&self, agreement: Address, keys: BTreeMap<u32, B256>) {
        self.lock().entry(agreement).or_default().keys = keys;
    }

    /// Drops the reports of an agreement, and accepts no more.
    pub(super) fn close(&self, agreement: Address) {
        self.lock().remove(&agreement);
    }

    /// The reports of an agreement, by place.
    pub(super) fn reports(&self, agreement: Address) -> BTreeMap<u32, PostedReport> {
        self.lock().get(&agreement).map(|places| places.reports.clone()).unwrap_or_default()
    }

    /// Locks the agreements.
    fn lock(&self) -> MutexGuard<'_, HashMap<Address, Places>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener for ReportInbox {
    fn receive(&self, delivery: Delivery) {
        let Content::Report { place, salt, r, vs, entries } = delivery.message.content else {
            return;
        };
        let mut agreements = self.lock();
        let Some(places) = agreements.get_mut(&delivery.message.agreement) else { return };
        if places.keys.get(&place) == Some(&delivery.sender) {
            places.reports.insert(place, PostedReport { place, salt, r, vs, entries });
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::Bytes;
    use muster_messaging::Message;

    use super::*;

    const AGREEMENT: Address = Address::repeat_byte(3);

    /// Receives a report of a place from the holder of a key.
    fn receive(inbox: &ReportInbox, sender: u8, place: u32, entries: &[u8]) {
        let entries = Bytes::copy_from_slice(entries);
        let [salt, r, vs] = [B256::ZERO; 3];
        let content = Content::Report { place, salt, r, vs, entries };
        let message = Message::request(1, AGREEMENT, content);
        inbox.receive(Delivery { sender: B256::repeat_byte(sender), sent_at: 0, message });
    }

    #[test]
    fn each_place_has_one_report_its_testers_newest() {
        let inbox = ReportInbox::default();
        receive(&inbox, 7, 70, &[1]);
        assert!(inbox.reports(AGREEMENT).is_empty(), "nobody collects them");
        let keys = [(70, 7), (80, 8)].map(|(place, key)| (place, B256::repeat_byte(key)));
        inbox.open(AGREEMENT, keys.into());
        for _ in 0..1_000 {
            receive(&inbox, 9, 70, &[2]);
            receive(&inbox, 7, 80, &[3]);
            receive(&inbox, 9, 90, &[4]);
        }
        receive(&inbox, 7, 70, &[5]);
        receive(&inbox, 8, 80, &[6]);
        receive(&inbox, 7, 70, &[7]);
        receive(&inbox, 9, 70, &[8]);
        let reports = inbox.reports(AGREEMENT);
        let found: Vec<_> = reports.iter().map(|(place, of)| (*place, of.entries[0])).collect();
        assert_eq!(found, [(70, 7), (80, 6)]);
        inbox.close(AGREEMENT);
        assert!(inbox.reports(AGREEMENT).is_empty());
    }
}
