//! The pool: transactions that wait for a block, which they do only while automine is off.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use alloy::{
    consensus::Transaction,
    primitives::{Address, B256, map::AddressMap},
};

use super::{ChainError, RecoveredTransaction, TransactionOrder};

/// Maximum number of pooled transactions.
const CAPACITY: usize = 4096;

/// Transactions in order of arrival.
#[derive(Clone, Debug, Default)]
pub(crate) struct TransactionPool(Vec<RecoveredTransaction>);

impl TransactionPool {
    /// Adds a transaction, or replaces the one with the same sender and nonce.
    ///
    /// # Errors
    /// If the transaction is already pooled, if a replacement does not pay a tenth more, or if the
    /// pool is full.
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

    /// The first nonce from `nonce` on without a pooled transaction of `sender`.
    pub(super) fn next_nonce(&self, sender: Address, nonce: u64) -> u64 {
        let own = self.0.iter().filter(|incoming| incoming.sender() == sender);
        let taken: BTreeSet<u64> = own.map(RecoveredTransaction::nonce).collect();
        (nonce..u64::MAX).find(|nonce| !taken.contains(nonce)).unwrap_or(u64::MAX)
    }

    /// A pooled transaction by hash.
    pub(crate) fn get(&self, hash: B256) -> Option<&RecoveredTransaction> {
        self.0.iter().find(|incoming| incoming.hash() == hash)
    }

    /// All transactions, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &RecoveredTransaction> {
        self.0.iter()
    }

    /// All transactions in this order, but those of each sender in order of their nonces.
    pub(super) fn into_executable_order(
        self,
        order: TransactionOrder,
    ) -> impl Iterator<Item = RecoveredTransaction> {
        let mut senders =
            self.0.iter().map(RecoveredTransaction::sender).collect::<Vec<_>>().into_iter();
        let mut by_sender: AddressMap<BTreeMap<u64, (usize, RecoveredTransaction)>> =
            AddressMap::default();
        for (arrival, incoming) in self.0.into_iter().enumerate() {
            let queue = by_sender.entry(incoming.sender()).or_default();
            queue.insert(incoming.nonce(), (arrival, incoming));
        }
        std::iter::from_fn(move || {
            let sender = match order {
                TransactionOrder::Fifo => senders.next()?,
                TransactionOrder::Fees => {
                    let first = |(sender, queue): (&Address, &BTreeMap<u64, (usize, _)>)| {
                        let (_, (arrival, incoming)) = queue.first_key_value()?;
                        let incoming: &RecoveredTransaction = incoming;
                        Some((incoming.transaction.max_fee_per_gas(), Reverse(*arrival), *sender))
                    };
                    by_sender.iter().filter_map(first).max()?.2
                }
            };
            by_sender.get_mut(&sender)?.pop_first().map(|(_, (_, incoming))| incoming)
        })
    }

    /// Removes transactions that match; returns whether there were any.
    pub(super) fn remove_matching(
        &mut self,
        matches: impl Fn(&RecoveredTransaction) -> bool,
    ) -> bool {
        let before = self.0.len();
        self.0.retain(|incoming| !matches(incoming));
        self.0.len() < before
    }
}

impl FromIterator<RecoveredTransaction> for TransactionPool {
    fn from_iter<I: IntoIterator<Item = RecoveredTransaction>>(transactions: I) -> Self {
        Self(transactions.into_iter().collect())
    }
}
