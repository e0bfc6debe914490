//! Which testers post the reports of an agreement for all, and the testers that may send them one.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, keccak256};
use muster_client::protocol::receipt::report_hash;
use muster_client::protocol::report::{Entries, Entry};
use muster_client::{Agreement, MarketError, PostedReport, Progress, ServiceReceipt, Session};
use muster_client::{Tester, seats, window_seats};

/// Testers that post the reports, one after the other: the second posts what the first has left out.
const COLLECTORS: usize = 2;

/// The places that collect the reports of an agreement with this seed, in the order in which they post. Each follows from
/// the seed and the number of its round, so that the same testers do not pay for it every time.
#[must_use]
pub fn collectors(seed: &[u8; 16], mut places: Vec<u32>) -> Vec<u32> {
    places.sort_unstable();
    let draw = |round: u8| {
        let hash = keccak256([&seed[..], &[round]].concat());
        let word = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let at = usize::try_from(word.checked_rem(u64::try_from(places.len()).ok()?)?).ok()?;
        Some(places.remove(at))
    };
    (0..).take(COLLECTORS).map_while(draw).collect()
}

/// The testers that hold seats in an agreement, by place.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    /// The testers.
    testers: BTreeMap<u32, Tester>,
    /// The places that post the reports, in order.
    pub(super) collectors: Vec<u32>,
}

impl Roster {
    /// Reads the testers of all judged windows.
    pub(super) async fn read(
        agreement: &Agreement,
        progress: &Progress,
    ) -> Result<Self, MarketError> {
        let terms = agreement.terms();
        let mut testers = BTreeMap::new();
        for (window, _) in agreement.windows(progress) {
            let places = window_seats(terms, &progress.seed, window.into());
            testers.extend(places.into_iter().zip(agreement.testers(window).await?));
        }
        let collectors = collectors(&progress.seed, testers.keys().copied().collect());
        Ok(Self { testers, collectors })
    }

    /// The key for messages to the tester at a place.
    pub(super) fn key(&self, place: u32) -> Option<B256> {
        self.testers.get(&place).map(|tester| tester.key)
    }

    /// The account of the tester at a place.
    fn account(&self, place: u32) -> Option<Address> {
        self.testers.get(&place).map(|tester| tester.account)
    }

    /// Whether the contract takes a report, as far as its signatures, seats and numbers tell. Posting any other would
    /// only cost gas.
    pub(super) fn accepts(
        &self,
        agreement: &Agreement,
        progress: &Progress,
        report: &PostedReport,
    ) -> bool {
        let PostedReport { place, salt, r, vs, entries } = report;
        let Some(account) = self.account(*place) else { return false };
        let digest = report_hash(agreement.receipt_domain(), *place, *salt, entries, keccak);
        let signature = alloy::primitives::Signature::from_erc2098([r.0, vs.0].as_flattened());
        if signature.recover_address_from_prehash(&digest).ok() != Some(account) {
            return false;
        }
        let held = seats(agreement.terms(), &progress.seed, *place);
        let session = Session { salt: *salt };
        let mut least = (0, 0);
        let is_valid = |entry: Option<Entry>| {
            let Some(entry) = entry else { return false };
            let is_ascending = (entry.index, entry.window) >= least;
            least = (entry.index, entry.window.saturating_add(1));
            let is_held = held.checked_shr(entry.window.into()).is_some_and(|bits| bits & 1 == 1);
            is_ascending && is_held && has_receipt(agreement, &session, account, &entry)
        };
        !entries.is_empty() && Entries(entries).all(is_valid)
    }
}

/// Whether an entry claims what its receipt supports.
fn has_receipt(agreement: &Agreement, session: &Session, tester: Address, entry: &Entry) -> bool {
    let Entry { index, window, made, served, parts, r, vs } = *entry;
    let receipt = ServiceReceipt { window, parts, r, vs };
    let worker = agreement.terms().worker(index).map(|worker| worker.account);
    let signer = receipt.signer(agreement.receipt_domain(), session.id(tester, window));
    let is_signed = served == 0 || signer == worker;
    worker.is_some() && served <= made && made <= agreement.terms().header.probes && is_signed
}

/// Keccak-256, in the form that the protocol takes.
fn keccak(bytes: &[u8]) -> [u8; 32] {
    keccak256(bytes).0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collectors_are_different_places_that_rotate_with_the_seed() {
        let mut first = std::collections::BTreeMap::<u32, u32>::new();
        for seed in 0..200_u8 {
            let drawn = collectors(&[seed; 16], vec![9, 4, 7]);
            assert_eq!(drawn.len(), COLLECTORS);
            assert_ne!(drawn[0], drawn[1]);
            assert_eq!(drawn, collectors(&[seed; 16], vec![4, 7, 9]), "in any order");
            *first.entry(drawn[0]).or_default() += 1;
        }
        assert!(first.len() == 3 && first.values().all(|count| *count > 40), "{first:?}");
    }

    #[test]
    fn lone_place_collects_alone() {
        assert_eq!(collectors(&[1; 16], vec![5]), [5]);
        assert!(collectors(&[1; 16], vec![]).is_empty());
    }
}
