//! The second door: sending.
//!
//! Whatever is sent is tried out first, as the next block's first transaction would find the chain, so
//! that a refusal is known, with its reason, before anything is paid. Then it is signed, written down,
//! sent, and followed until it is in a block; [`crate::following`] is about that.

use std::collections::{BTreeMap, btree_map::Entry};
use std::sync::{Arc, Mutex, PoisonError};

use alloy::primitives::{Address, Bytes};
use alloy::sol_types::SolCall;
use futures::future::join_all;
use tokio::sync::Mutex as Turn;

use crate::error::{Contract, Fault, MarketError, NodeError};
use crate::following::Deed;
use crate::node::{Node, chain_fault};
use crate::outbox::{Outcome, Resumed};
use crate::signed::{Draft, Fees, Signed};
use crate::transport::{At, Call, Receipt, World};

/// How often something is sent whose nonce another transaction takes each time.
const ATTEMPTS: usize = 4;

impl Node {
    /// Tries a call out, sends it, and waits until it is in a block.
    pub(crate) async fn write<C: SolCall>(
        &self,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<Receipt, MarketError> {
        let (answer, receipt) = self.submit(contract, call.abi_encode().into(), value).await?;
        self.decode::<C>(contract, &answer).await?;
        Ok(receipt)
    }

    /// Tries a message out, sends it, and waits until it is in a block. Returns what it answered when it
    /// was tried, and its receipt, which is one of success.
    pub(crate) async fn submit(
        &self,
        contract: Contract,
        data: Bytes,
        value: u128,
    ) -> Result<(Bytes, Receipt), MarketError> {
        self.account()?;
        self.perform(contract, &self.message(contract, data, value)).await
    }

    /// Creates a contract from init code.
    pub(crate) async fn create(&self, init_code: Bytes) -> Result<Receipt, MarketError> {
        let message = Call { from: Some(self.account()?), to: None, data: init_code, value: 0 };
        Ok(self.perform(Contract::Other(Address::ZERO), &message).await?.1)
    }

    /// Finds out what became of transactions that were handed to an outbox and have no outcome: sends them
    /// again, replaces them, waits, and tells the outbox. One answer for each account and nonce.
    ///
    /// # Errors
    /// In each answer: [`MarketError::NonceTaken`] if none of them will ever happen, so that what they were
    /// for can be done again; [`MarketError::Unconfirmed`] if that is still open;
    /// [`MarketError::Node`] with `WrongChain`.
    pub async fn resume(&self, unfinished: Vec<Signed>) -> Vec<Resumed> {
        let mut deeds = BTreeMap::<_, Deed>::new();
        for signed in unfinished {
            match deeds.entry((signed.chain_id, signed.from, signed.nonce())) {
                Entry::Vacant(place) => {
                    place.insert(Deed::new(signed));
                }
                Entry::Occupied(mut deed) => deed.get_mut().add(signed),
            }
        }
        join_all(deeds.into_values().map(|mut deed| async {
            let end = self.take_up(&mut deed).await;
            Resumed { signed: deed.latest, end }
        }))
        .await
    }

    /// Follows a deed that was handed back.
    async fn take_up(&self, deed: &mut Deed) -> Result<Receipt, MarketError> {
        let Signed { chain_id: found, hash, .. } = deed.latest;
        let expected = self.chain_id();
        if found != expected {
            let what = format!("transaction {hash}").into();
            return Err(MarketError::Node(NodeError::WrongChain { what, expected, found }));
        }
        let _berth = (self.chain.account() == Some(deed.latest.from))
            .then(|| self.line.berth(deed.latest.nonce()));
        drop(self.chain.broadcast(&deed.latest).await);
        self.see_through(deed).await
    }

    /// Tries a message out, sends it, and waits, again from the start if its nonce is taken.
    async fn perform(
        &self,
        contract: Contract,
        message: &Call,
    ) -> Result<(Bytes, Receipt), MarketError> {
        let mut attempts = ATTEMPTS;
        loop {
            let world = self.next_world().await?;
            let answer = self.chain.call(message, &world).await;
            let answer = self.explain(answer, contract, message, 0).await?;
            attempts = attempts.saturating_sub(1);
            match self.carry_out(contract, message, &world).await {
                Err(MarketError::NonceTaken { .. }) if attempts > 0 => {}
                end => return end.map(|receipt| (answer, receipt)),
            }
        }
    }

    /// Sends a message that was tried out, and waits until it is in a block with success.
    async fn carry_out(
        &self,
        contract: Contract,
        message: &Call,
        world: &World,
    ) -> Result<Receipt, MarketError> {
        let gas = self.chain.estimate(message, world).await;
        let gas = with_reserve(self.explain(gas, contract, message, 0).await?);
        let (signed, _berth) = self.dispatch(contract, message, gas).await?;
        let receipt = self.see_through(&mut Deed::new(signed)).await?;
        if receipt.success {
            return Ok(receipt);
        }
        // It failed although it was tried out: another transaction came first. Trying again says why.
        let world = World { at: At::Number(receipt.block), ..World::default() };
        match self.chain.call(message, &world).await {
            Err(fault) => Err(fault.at(contract)),
            Ok(data) => Err(MarketError::Reverted { contract: contract.address(), data }),
        }
    }

    /// Signs, writes down and sends a transaction. One at a time, so that no two get the same nonce.
    async fn dispatch(
        &self,
        contract: Contract,
        message: &Call,
        gas: u64,
    ) -> Result<(Signed, Berth), MarketError> {
        let _turn = self.line.turn.lock().await;
        let fees = Fees::at(self.head().await?.gas_price);
        let waiting = self.chain.nonce(self.account()?, true).await.map_err(chain_fault)?;
        let nonce = self.line.next(waiting);
        let draft = Draft { call: message.clone(), gas, nonce, fees };
        let signed = self.chain.sign(&draft).await.map_err(chain_fault)?;
        let berth = self.line.berth(nonce);
        self.remember(&signed)?;
        let sent = self.launch(&signed).await;
        if sent.is_err() {
            self.tell(&signed, &Outcome::Refused);
        }
        self.explain(sent, contract, message, gas).await?;
        Ok((signed, berth))
    }

    /// Writes a transaction down, if there is an outbox.
    pub(crate) fn remember(&self, signed: &Signed) -> Result<(), MarketError> {
        let Some(outbox) = &self.outbox else { return Ok(()) };
        outbox.remember(&self.purpose, signed).map_err(MarketError::Outbox)
    }

    /// Says what became of a transaction, if there is an outbox.
    pub(crate) fn tell(&self, signed: &Signed, outcome: &Outcome) {
        if let Some(outbox) = &self.outbox {
            outbox.outcome(signed, outcome);
        }
    }

    /// Sends a transaction. An error says that no node has it; all else may be, and is looked at later.
    async fn launch(&self, signed: &Signed) -> Result<(), Fault> {
        let Err(fault @ Fault::Node(NodeError::Answered { .. })) =
            self.chain.broadcast(signed).await
        else {
            return Ok(());
        };
        // A node also refuses what it has, what came too late, and what came too early. Only if it waits
        // for exactly this nonce was it this transaction that it did not want.
        match self.chain.nonce(signed.from, true).await {
            Ok(next) if next == signed.nonce() => Err(fault),
            _ => Ok(()),
        }
    }
}

/// The nonces of an account's transactions that are on their way.
#[derive(Debug, Default)]
pub(crate) struct Line {
    /// Held from asking for a nonce until a node has the transaction.
    turn: Turn<()>,
    /// How many follow the transactions of each nonce.
    under_way: Arc<Mutex<BTreeMap<u64, usize>>>,
}

impl Line {
    /// The nonce of the next transaction, where a node, which may not know all of them, expects this one.
    fn next(&self, expected: u64) -> u64 {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let last = under_way.last_key_value().map(|(nonce, _)| nonce.saturating_add(1));
        last.unwrap_or_default().max(expected)
    }

    /// Takes a nonce until the berth is dropped.
    fn berth(&self, nonce: u64) -> Berth {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(nonce).or_default();
        *count = count.saturating_add(1);
        Berth { nonce, under_way: self.under_way.clone() }
    }
}

/// A place in the line, free again when it is dropped.
#[derive(Debug)]
struct Berth {
    /// Whose place.
    nonce: u64,
    /// The line.
    under_way: Arc<Mutex<BTreeMap<u64, usize>>>,
}

impl Drop for Berth {
    fn drop(&mut self) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.nonce) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                under_way.remove(&self.nonce);
            }
        }
    }
}

/// An estimate with what Stylus programs must have left at their end, and room for what other
/// transactions change meanwhile: a tenth and 5 000 more.
const fn with_reserve(gas: u64) -> u64 {
    gas.saturating_add(gas.div_ceil(10)).saturating_add(5_000)
}

#[cfg(test)]
mod tests;
