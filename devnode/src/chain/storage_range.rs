//! Storage of an account before a transaction, by the hashes of its keys.

use std::collections::BTreeMap;

use alloy::primitives::{Address, B256, U256, keccak256};

use super::{Block, Chain, ChainError};

/// A part of an account's storage.
#[derive(Debug)]
pub(crate) struct StorageRange {
    /// Hash of the key, key and value of each word, in order of the hashes.
    pub(crate) words: Vec<(B256, U256, U256)>,
    /// Hash of the next key; `None` at the end.
    pub(crate) next: Option<B256>,
}

impl Chain {
    /// At most `limit` storage words of an account as they were before transaction `index` of a
    /// block, from the one whose key has the hash `start` on.
    ///
    /// # Errors
    /// If the transaction does not exist.
    pub(crate) fn storage_range(
        &mut self,
        block: &Block,
        index: usize,
        account: Address,
        start: B256,
        limit: usize,
    ) -> Result<StorageRange, ChainError> {
        self.require_whole_state("debug_storageRangeAt")?;
        let words = self.with_transaction(block, index, |env, _| {
            let mut words: BTreeMap<U256, U256> = env.state.db.slots(account).collect();
            if let Some(changed) = env.state.cache.accounts.get(&account) {
                words.extend(&changed.storage);
            }
            Ok(words)
        })?;
        let words: BTreeMap<B256, (U256, U256)> = words
            .into_iter()
            .filter(|(_, value)| !value.is_zero())
            .map(|(key, value)| (keccak256(B256::from(key)), (key, value)))
            .collect();
        let mut rest = words.range(start..);
        let words = rest.by_ref().take(limit).map(|(&hash, &(key, value))| (hash, key, value));
        Ok(StorageRange { words: words.collect(), next: rest.next().map(|(&hash, _)| hash) })
    }
}
