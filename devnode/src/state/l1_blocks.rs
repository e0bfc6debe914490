//! The blocks of the parent chain as contracts see them: the height, which is NUMBER, and hashes,
//! which BLOCKHASH returns.
//!
//! As in Nitro, a hash is derived from that of the last block of this chain before the parent chain
//! moved on.

use alloy::primitives::{B256, U256, keccak256};

use super::{
    arbos::{ArbosStorage, Substorage},
    settings::Setting,
};

/// Number of hashes that are kept.
const WINDOW: u64 = 256;

/// Slot of the hash of block `height`: one of those after the height's.
fn hash_slot(height: u64) -> U256 {
    let index = height.checked_rem(WINDOW).unwrap_or_default();
    Substorage::l1_blocks().at(index.saturating_add(1))
}

/// Moves the parent chain on to `height`, if that is higher; `parent` is the hash of the latest block
/// of this chain.
pub(crate) fn advance(words: &mut dyn ArbosStorage, height: u64, parent: B256) {
    let known: u64 = Setting::L1BlockNumber.get(words).saturating_to();
    let Some(last) = height.checked_sub(1).filter(|&last| last >= known) else { return };
    for skipped in known.max(height.saturating_sub(WINDOW))..last {
        let hash = keccak256([parent.as_slice(), &skipped.to_le_bytes()].concat());
        words.set_word(hash_slot(skipped), hash.into());
    }
    words.set_word(hash_slot(last), parent.into());
    Setting::L1BlockNumber.set(words, U256::from(height));
}

/// Hash of block `number` when the parent chain is at `height`; zero if it is not one of the 256
/// blocks before.
pub(crate) fn hash(words: &mut dyn ArbosStorage, number: U256, height: U256) -> U256 {
    match height.checked_sub(number) {
        Some(age) if !age.is_zero() && age <= U256::from(WINDOW) => {
            words.word(hash_slot(number.saturating_to()))
        }
        _ => U256::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_last_256_blocks_have_hashes() {
        let mut words = HashMap::<U256, U256>::new();
        let (one, two) = (B256::repeat_byte(1), B256::repeat_byte(2));
        advance(&mut words, 5, one);
        advance(&mut words, 5, two);
        let at = |words: &mut HashMap<U256, U256>, number: u64, height: u64| {
            hash(words, U256::from(number), U256::from(height))
        };
        assert_eq!(B256::from(at(&mut words, 4, 5)), one);
        assert_eq!((at(&mut words, 5, 5), at(&mut words, 6, 5)), (U256::ZERO, U256::ZERO));
        advance(&mut words, 1000, two);
        assert_eq!(B256::from(at(&mut words, 999, 1000)), two);
        assert_eq!(at(&mut words, 743, 1000), U256::ZERO);
        let hashes: Vec<U256> = (744..1000).map(|number| at(&mut words, number, 1000)).collect();
        assert!(hashes.iter().all(|hash| !hash.is_zero()));
    }
}
