//! Messages to the parent chain: a Merkle tree that only ever grows, of which ArbOS keeps one hash
//! for each level. Nobody delivers the messages.

use alloy::primitives::{B256, U256, keccak256};

use super::arbos::{ArbosStorage, Substorage};

/// Where the tree is: its size in word 0, then a hash for each level.
fn accumulator() -> Substorage {
    Substorage::ROOT.child(&[5])
}

/// A node of the tree that a message has completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MerkleNode {
    /// How far it is above the leaves.
    pub(crate) level: u64,
    /// The last leaf below it.
    pub(crate) leaf: u64,
    /// Its hash.
    pub(crate) hash: B256,
}

impl MerkleNode {
    /// Level and leaf in one number.
    pub(crate) const fn position(&self) -> U256 {
        U256::from_limbs([self.leaf, 0, 0, self.level])
    }
}

/// Adds a message; its number, and the nodes that it completes, from below.
pub(crate) fn append(words: &mut dyn ArbosStorage, message: B256) -> (u64, Vec<MerkleNode>) {
    let leaf: u64 = words.word(accumulator().at(0)).saturating_to();
    words.set_word(accumulator().at(0), U256::from(leaf).saturating_add(U256::ONE));
    let mut nodes = Vec::new();
    let mut hash = keccak256(message);
    let mut level = 0_u64;
    loop {
        let slot = partial_slot(level);
        let waiting = B256::from(words.word(slot));
        if waiting.is_zero() {
            words.set_word(slot, hash.into());
            return (leaf, nodes);
        }
        hash = hash_pair(waiting, hash);
        words.set_word(slot, U256::ZERO);
        level = level.saturating_add(1);
        nodes.push(MerkleNode { level, leaf, hash });
    }
}

/// How many messages there are, and the root of the tree, filled up with zeros; zero if empty.
pub(crate) fn size_and_root(words: &mut dyn ArbosStorage) -> (u64, B256) {
    let size: u64 = words.word(accumulator().at(0)).saturating_to();
    let levels = u64::from(u64::BITS.saturating_sub(size.leading_zeros()));
    let mut root: Option<(u64, B256)> = None;
    for level in 0..levels {
        let waiting = B256::from(words.word(partial_slot(level)));
        if waiting.is_zero() {
            continue;
        }
        root = Some(match root {
            None => (level, waiting),
            Some((reached, hash)) => {
                let raised = (reached..level).fold(hash, |hash, _| hash_pair(hash, B256::ZERO));
                (level.saturating_add(1), hash_pair(waiting, raised))
            }
        });
    }
    (size, root.map(|(_, hash)| hash).unwrap_or_default())
}

/// Where the hash is that waits for a neighbour at a level.
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

    /// The leaf that a message makes.
    fn leaf(message: u8) -> B256 {
        keccak256(B256::repeat_byte(message))
    }

    #[test]
    fn two_messages_complete_a_node_and_a_third_is_filled_up() {
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
    fn a_position_tells_level_and_leaf() {
        let node = MerkleNode { level: 2, leaf: 7, hash: B256::ZERO };
        assert_eq!(node.position(), (U256::from(2) << 192) + U256::from(7));
    }
}
