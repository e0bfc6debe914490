//! Merkle proofs of the state. Each proof builds the whole trie.

use std::collections::BTreeMap;

use alloy::{
    primitives::{Address, B256, Bytes, U256, keccak256},
    rlp,
    trie::{HashBuilder, Nibbles, TrieAccount, proof::ProofRetainer},
};
use revm::state::AccountInfo;

use super::StateView;

/// A proof of an account and of some of its storage.
#[derive(Debug)]
pub(crate) struct Proof {
    /// The account; `None` if it does not exist.
    pub(crate) info: Option<AccountInfo>,
    /// Storage root; zero if the account does not exist.
    pub(crate) storage_root: B256,
    /// Trie nodes from the state root to the account.
    pub(crate) nodes: Vec<Bytes>,
    /// Requested storage words, each with the trie nodes from the storage root.
    pub(crate) words: Vec<(U256, Vec<Bytes>)>,
}

impl StateView<'_> {
    /// Proves an account and some of its storage. Iterates over the whole state.
    pub(crate) fn prove(&self, address: Address, slots: &[U256]) -> Proof {
        let mut accounts = Trie::default();
        for (account, info) in self.accounts() {
            let root = self.storage(account).prove(&[]).0;
            let leaf = TrieAccount::new(info.nonce, info.balance, root, info.code_hash);
            accounts.add(account.as_slice(), rlp::encode(leaf));
        }
        let nodes = accounts.prove(&[keccak256(address)]).1.into_iter().next().unwrap_or_default();

        let info = self.account(address);
        let keys: Vec<B256> = slots.iter().map(|slot| keccak256(B256::from(*slot))).collect();
        let (root, paths) = self.storage(address).prove(&keys);
        let words = slots.iter().map(|&slot| self.slot(address, slot)).zip(paths).collect();
        let storage_root = info.as_ref().map(|_| root).unwrap_or_default();
        Proof { info, storage_root, nodes, words }
    }

    /// Root of the storage trie of an account.
    pub(crate) fn storage_root(&self, address: Address) -> B256 {
        self.storage(address).prove(&[]).0
    }

    /// The storage trie of an account.
    fn storage(&self, address: Address) -> Trie {
        let mut words = Trie::default();
        for (slot, word) in self.slots(address).filter(|(_, word)| !word.is_zero()) {
            words.add(B256::from(slot).as_slice(), rlp::encode(word));
        }
        words
    }
}

/// Leaves of a trie, by the hashes of their keys.
#[derive(Debug, Default)]
struct Trie(BTreeMap<B256, Vec<u8>>);

impl Trie {
    /// Adds a leaf.
    fn add(&mut self, key: &[u8], value: Vec<u8>) {
        self.0.insert(keccak256(key), value);
    }

    /// The root, and the nodes from it to each of the hashed keys.
    fn prove(&self, keys: &[B256]) -> (B256, Vec<Vec<Bytes>>) {
        let targets: Vec<Nibbles> = keys.iter().map(Nibbles::unpack).collect();
        let retainer = ProofRetainer::new(targets.clone());
        let mut builder = HashBuilder::default().with_proof_retainer(retainer);
        for (key, value) in &self.0 {
            builder.add_leaf(Nibbles::unpack(key), value);
        }
        let (root, nodes) = (builder.root(), builder.take_proof_nodes());
        let path = |target| {
            let found = nodes.matching_nodes_sorted(target);
            found.into_iter().map(|(_, node)| node).collect()
        };
        // An empty trie has no nodes.
        let paths =
            targets.iter().map(|key| if self.0.is_empty() { Vec::new() } else { path(key) });
        (root, paths.collect())
    }
}
