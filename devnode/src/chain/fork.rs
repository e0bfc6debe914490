//! Chains that continue another one.

use std::{iter, sync::Arc};

use alloy::{consensus::Sealed, primitives::U256};

use super::{Block, Chain, ChainError, Genesis};
use crate::{
    accounts::{DEV_ADDRESS, DEV_BALANCE},
    fork::{self, Fork, ForkError, ForkOptions, ForkPoint},
    state::Store,
};

impl Chain {
    /// A chain that continues a fork: with the dev accounts' money, at the time of the fork's block.
    ///
    /// # Errors
    /// If the fork cannot be opened or read, or has another version of ArbOS than this chain can run.
    pub(crate) fn fork(options: &ForkOptions, genesis: &Genesis) -> Result<Self, ForkError> {
        let fork = Arc::new(Fork::open(options)?);
        fork::attempt(|| Self::on_fork(fork, genesis))?
    }

    /// A chain on an open fork.
    fn on_fork(fork: Arc<Fork>, genesis: &Genesis) -> Result<Self, ForkError> {
        let ForkPoint { chain_id, height, .. } = fork.point();
        let block = Block { header: Sealed::new(fork.header().clone()), transactions: Vec::new() };
        if block.known_arbos().is_none() {
            return Err(ForkError::Arbos { height, version: block.arbos_number() });
        }
        let (timestamp, l1_height) = (block.header.timestamp, block.l1_height());
        let mut chain = Self::with_store(Store::default().continue_fork(Some(fork)));
        chain.push_block(Arc::new(block));
        chain.header_fields.chain_id = chain_id;
        let funded = genesis.accounts.iter().map(|&account| (account, U256::from(genesis.balance)));
        for (account, balance) in iter::once((DEV_ADDRESS, DEV_BALANCE)).chain(funded) {
            let mut info = chain.store.account(account, height).unwrap_or_default();
            info.balance = info.balance.max(balance);
            chain.store.write_account(height, account, info);
        }
        chain.clock.set(genesis.timestamp.unwrap_or(timestamp).max(timestamp));
        chain.parent_clock.set_height(l1_height, timestamp);
        chain.set_l1_block_time(genesis.l1_block_time);
        if let Some(price) = genesis.l1_price {
            chain.set_l1_price(price);
        }
        Ok(chain)
    }

    /// What the chain continues.
    pub(crate) const fn forked(&self) -> Option<&Arc<Fork>> {
        self.store.fork()
    }

    /// Height of the first block here; that of the fork's block, if the chain continues one.
    pub(crate) fn first_height(&self) -> u64 {
        self.forked().map(|fork| fork.point().height).unwrap_or_default()
    }

    /// Fails if the chain is a fork, whose whole state is not here.
    ///
    /// # Errors
    /// Names what needs the whole state.
    pub(crate) const fn require_whole_state(&self, what: &'static str) -> Result<(), ChainError> {
        if self.forked().is_some() { Err(ChainError::NeedsWholeState(what)) } else { Ok(()) }
    }

    /// State, blocks, pool and clock as they are now, to return to if a task fails.
    pub(crate) fn guard(&mut self) -> super::snapshot::Snapshot {
        self.current()
    }

    /// Forgets what a guard needs.
    pub(crate) fn release_guard(&mut self) {
        if self.snapshots.is_empty() {
            self.store.discard_journal();
        }
    }
}
