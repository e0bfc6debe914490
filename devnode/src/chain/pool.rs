//! Transactions that wait for a block, which they only do while blocks are not made at once.

use std::collections::BTreeSet;

use alloy::{
    consensus::Transaction,
    primitives::{Address, B256},
};

use super::{ChainError, RecoveredTransaction};

/// The most transactions that wait.
const CAPACITY: usize = 4096;

/// Transactions in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionPool(Vec<RecoveredTransaction>);

impl TransactionPool {
    /// Adds a transaction, or puts it in the place of one with the same sender and nonce.
    ///
    /// # Errors
    /// If it is there already, if it does not pay a tenth more than the one whose place it wants, or
    /// if too many wait.
    pub(super) fn add(&mut self, incoming: RecoveredTransaction) -> Result<(), ChainError> {
        let key = |incoming: &RecoveredTransaction| (incoming.sender(), incoming.nonce());
        let Some(old) = self.0.iter_mut().find(|old| key(old) == key(&incoming)) else {
            if self.0.len() >= CAPACITY {
                return Err(ChainError::PoolFull);
            }
            self.0.push(incoming);
            return Ok(());
        };
        if old.hash() == incoming.hash() {
            return Err(ChainError::AlreadyKnown);
        }
        let price = |incoming: &RecoveredTransaction| incoming.transaction.max_fee_per_gas();
        let least = price(old).saturating_mul(11).div_ceil(10);
        if price(&incoming) < least {
            return Err(ChainError::ReplacementUnderpriced);
        }
        *old = incoming;
        Ok(())
    }

    /// The first nonce from `nonce` on that no waiting transaction of `sender` has.
    pub(super) fn next_nonce(&self, sender: Address, nonce: u64) -> u64 {
        let own = self.0.iter().filter(|incoming| incoming.sender() == sender);
        let taken: BTreeSet<u64> = own.map(RecoveredTransaction::nonce).collect();
        (nonce..u64::MAX).find(|nonce| !taken.contains(nonce)).unwrap_or(u64::MAX)
    }

    /// A transaction by hash.
    pub(crate) fn get(&self, hash: B256) -> Option<&RecoveredTransaction> {
        self.0.iter().find(|incoming| incoming.hash() == hash)
    }

    /// All transactions, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecoveredTransaction> {
        self.0.iter()
    }

    /// Drops those that `condemned` names; whether there were any.
    pub(super) fn remove_matching(
        &mut self,
        condemned: impl Fn(&RecoveredTransaction) -> bool,
    ) -> bool {
        let before = self.0.len();
        self.0.retain(|incoming| !condemned(incoming));
        self.0.len() < before
    }
}

impl IntoIterator for TransactionPool {
    type Item = RecoveredTransaction;
    type IntoIter = std::vec::IntoIter<RecoveredTransaction>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<RecoveredTransaction> for TransactionPool {
    fn from_iter<I: IntoIterator<Item = RecoveredTransaction>>(transactions: I) -> Self {
        Self(transactions.into_iter().collect())
    }
}
