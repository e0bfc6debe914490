//! Which testers post the reports of an agreement for all, and the testers that send them one.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, keccak256};
use muster_client::{Agreement, MarketError, Progress, Tester, window_seats};

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
    /// The number of judged windows, whose testers these are. A cancellation leaves fewer.
    pub(super) windows: usize,
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
        let (terms, windows) = (agreement.terms(), agreement.windows(progress));
        let mut testers = BTreeMap::new();
        let judged: Vec<_> = windows.iter().map(|(window, _)| *window).collect();
        for (window, of_window) in judged.iter().zip(agreement.testers_of(&judged).await?) {
            let places = window_seats(terms, &progress.seed, (*window).into());
            testers.extend(places.into_iter().zip(of_window));
        }
        let collectors = collectors(&progress.seed, testers.keys().copied().collect());
        Ok(Self { windows: windows.len(), testers, collectors })
    }

    /// The keys for messages to the testers.
    pub(super) fn keys(&self) -> BTreeMap<u32, B256> {
        self.testers.iter().map(|(place, tester)| (*place, tester.key)).collect()
    }

    /// The account of the tester at a place.
    pub(super) fn account(&self, place: u32) -> Option<Address> {
        self.testers.get(&place).map(|tester| tester.account)
    }

    /// The number of the round in which a place posts, if it collects.
    pub(super) fn round(&self, place: u32) -> Option<u64> {
        let mut rounds = (0..).zip(&self.collectors);
        rounds.find_map(|(round, collector)| (*collector == place).then_some(round))
    }
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
