//! The draw, compared with the text of the rule, with a list that is sorted again for every seat.

use std::collections::BTreeSet;

use alloy_primitives::keccak256;
use muster_protocol::draw::{derive_seed, draw_seats};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::ticks;

/// A hash with these first eight bytes.
fn hash(front: u64) -> [u8; 32] {
    let mut bytes = [0xa5; 32];
    bytes[..8].copy_from_slice(&front.to_be_bytes());
    bytes
}

/// The places for the first eight bytes of each seat's hash, by the text of the rule.
fn draw_by_the_rules(hashes: impl IntoIterator<Item = u64>, pool: u32) -> Vec<u32> {
    let mut drawn: Vec<u64> = Vec::new();
    for (seat, hash) in (0_u64..).zip(hashes) {
        let mut place = hash % (u64::from(pool) - seat);
        let mut before = drawn.clone();
        before.sort_unstable();
        for taken in before {
            if place >= taken {
                place += 1;
            }
        }
        drawn.push(place);
    }
    drawn.into_iter().map(|place| u32::try_from(place).unwrap()).collect()
}

/// The places drawn for these hashes of the seats of one window.
fn drawn(hashes: &[u64], pool: u32) -> Option<Vec<u32>> {
    let testers = u8::try_from(hashes.len()).unwrap();
    let seats =
        draw_seats(&[7; 16], 3, testers, pool, |preimage| hash(hashes[usize::from(preimage[23])]))?;
    Some(seats.places().collect())
}

proptest! {
    #[test]
    fn the_seed_is_half_the_hash_of_block_and_agreement(hash: [u8; 32], agreement: [u8; 20]) {
        let seed = derive_seed(&hash.into(), agreement.into(), |preimage| keccak256(preimage).0);
        prop_assert_eq!(&seed.0, &keccak256([&hash[..], &agreement].concat())[..16]);
    }

    #[test]
    fn a_seat_is_drawn_from_the_hash_of_seed_window_and_seat(
        seed: [u8; 16], window: u32, testers in 0..=15_u8, pool in ticks(),
    ) {
        prop_assume!(pool >= u32::from(testers));
        let seats = draw_seats(&seed, window, testers, pool, |preimage| keccak256(preimage).0).unwrap();
        let hashes = (0..u32::from(testers)).map(|seat| {
            let hash = keccak256([&seed[..], &window.to_be_bytes(), &seat.to_be_bytes()].concat());
            u64::from_be_bytes(hash[..8].try_into().unwrap())
        });
        prop_assert_eq!(seats.places().collect::<Vec<_>>(), draw_by_the_rules(hashes, pool));
    }

    /// Small hashes and short lists, so that seats collide.
    #[test]
    fn a_seat_takes_the_place_of_its_number_among_the_free_ones(
        hashes in vec(prop_oneof![0..20_u64, any::<u64>()], 0..=15), spare in 0..20_u32,
    ) {
        let pool = u32::try_from(hashes.len()).unwrap() + spare;
        let mut free: Vec<u32> = (0..pool).collect();
        let picked: Vec<u32> = hashes
            .iter()
            .map(|hash| free.remove(usize::try_from(hash % u64::try_from(free.len()).unwrap()).unwrap()))
            .collect();
        prop_assert_eq!(drawn(&hashes, pool), Some(picked));
    }

    #[test]
    fn no_place_holds_two_seats_and_every_place_is_in_the_list(
        hashes in vec(any::<u64>(), 0..=15), pool in ticks(),
    ) {
        prop_assume!(usize::try_from(pool).unwrap() >= hashes.len());
        let places = drawn(&hashes, pool).unwrap();
        prop_assert_eq!(places.len(), hashes.len());
        prop_assert_eq!(places.iter().collect::<BTreeSet<_>>().len(), hashes.len());
        prop_assert!(places.iter().all(|place| *place < pool));
    }

    #[test]
    fn a_window_is_refused_where_its_seats_cannot_be_filled(testers: u8, pool in 0..300_u32) {
        let seats = draw_seats(&[0; 16], 0, testers, pool, |_| [0; 32]);
        prop_assert_eq!(seats.is_some(), testers <= 15 && u32::from(testers) <= pool);
    }
}

/// 21 000 windows of three seats among 21 places: every place is expected 1 000 times in each seat,
/// with a deviation of 31. Six deviations are allowed; the seed is fixed.
#[test]
fn every_place_is_as_likely_as_any_other_in_every_seat() {
    let mut counts = [[0_i32; 21]; 3];
    for window in 0..21_000 {
        let seats = draw_seats(&[42; 16], window, 3, 21, |preimage| keccak256(preimage).0).unwrap();
        for (count, place) in counts.iter_mut().zip(seats.places()) {
            count[usize::try_from(place).unwrap()] += 1;
        }
    }
    for count in counts.iter().flatten() {
        assert!((count - 1_000).abs() < 186, "{counts:?}");
    }
}
