//! The accumulator of messages to the parent chain: an append-only Merkle tree, of which ArbOS
//! stores one hash per level. The messages are never delivered.

use alloy::primitives::{B256, U256, keccak256};

use super::arbos::{ArbosStorage, Substorage};

/// Storage of the accumulator: size in word 0, a hash per level from word 2.
fn accumulator() -> Substorage {
    Substorage::send_accumulator()
}

/// A tree node that a message completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MerkleNode {
    /// Height above the leaves.
    pub(crate) level: u64,
    /// Index of the last leaf below the node.
    pub(crate) leaf: u64,
    /// Hash.
    pub(crate) hash: B256,
}

impl MerkleNode {
    /// Level and leaf in one number.
    pub(crate) const fn position(&self) -> U256 {
        U256::from_limbs([self.leaf, 0, 0, self.level])
    }
}

/// Appends a message; returns its index and the nodes that it completes, from the bottom up.
pub(crate) fn append(words: &mut dyn ArbosStorage, message: B256) -> (u64, Vec<MerkleNode>) {
    let leaf: u64 = words.word(accumulator().at(0)).saturating_to();
    words.set_word(accumulator().at(0), U256::from(leaf).saturating_add(U256::ONE));
    let mut nodes = Vec::new();
    let mut hash = keccak256(message);
    let mut level = 0_u64;
    loop {
        let slot = partial_slot(level);
        let partial = B256::from(words.word(slot));
        if partial.is_zero() {
            words.set_word(slot, hash.into());
            return (leaf, nodes);
        }
        hash = hash_pair(partial, hash);
        words.set_word(slot, U256::ZERO);
        level = level.saturating_add(1);
        nodes.push(MerkleNode { level, leaf, hash });
    }
}

/// Number of messages, and the root of the tree padded with zeros; zero if empty.
pub(crate) fn size_and_root(words: &mut dyn ArbosStorage) -> (u64, B256) {
    let size: u64 = words.word(accumulator().at(0)).saturating_to();
    let levels = u64::from(u64::BITS.saturating_sub(size.leading_zeros()));
    let mut root: Option<(u64, B256)> = None;
    for level in 0..levels {
        let partial = B256::from(words.word(partial_slot(level)));
        if partial.is_zero() {
            continue;
        }
        root = Some(match root {
            None => (level, partial),
            Some((reached, hash)) => {
                let raised = (reached..level).fold(hash, |hash, _| hash_pair(hash, B256::ZERO));
                (level.saturating_add(1), hash_pair(partial, raised))
            }
        });
    }
    (size, root.map(|(_, hash)| hash).unwrap_or_default())
}

/// Slot of the hash that waits for its right neighbour at `level`.
fn partial_slot(level: u64) -> U256 {
    accumulator().at(level.saturating_add(2))
}

/// The hash of two neighbours.
fn hash_pair(left: B256, right: B256) -> B256 {
    keccak256([left.0, right.0].concat())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// The leaf of a message.
    fn leaf(message: u8) -> B256 {
        keccak256(B256::repeat_byte(message))
    }

    #[test]
    fn two_messages_complete_a_node_and_a_third_is_padded() {
        let mut words = HashMap::new();
        assert_eq!(size_and_root(&mut words), (0, B256::ZERO));
        assert_eq!(append(&mut words, B256::repeat_byte(1)), (0, vec![]));
        assert_eq!(size_and_root(&mut words), (1, leaf(1)));

        let pair = hash_pair(leaf(1), leaf(2));
        let node = MerkleNode { level: 1, leaf: 1, hash: pair };
        assert_eq!(append(&mut words, B256::repeat_byte(2)), (1, vec![node]));
        assert_eq!(size_and_root(&mut words), (2, pair));

        assert_eq!(append(&mut words, B256::repeat_byte(3)), (2, vec![]));
        assert_eq!(size_and_root(&mut words), (3, hash_pair(pair, hash_pair(leaf(3), B256::ZERO))));
    }

    #[test]
    fn a_position_encodes_level_and_leaf() {
        let node = MerkleNode { level: 2, leaf: 7, hash: B256::ZERO };
        assert_eq!(node.position(), (U256::from(2) << 192) + U256::from(7));
    }
}
