//! A model of the whole market in plain Rust: the oracle of the random tests.
//!
//! The model implements docs/rules.md with wide integers and vectors instead of packed words and linked
//! lists, and has no code in common with the contracts for money, shares, draws and reputations. A
//! [`ModelCall`] returns a [`ModelOutcome`] (ABI-encoded output and [`ModelEvent`]s) or a [`ModelRevert`], so
//! tests compare it with a contract by value.
//!
//! The model has no gas, signatures or block hashes. A test passes them in: [`Model::sign`] for receipts,
//! [`Model::sign_report`] for reports, [`Model::begin_block`] for height and time,
//! [`Model::record_block_hash`] for hashes.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "a panic fails the test that runs the model"
)]
#![expect(clippy::needless_pass_by_value, reason = "events and errors are built at the call")]

mod agreement;
mod agreement_views;
mod balances;
mod book;
mod calls;
mod early_exit;
mod judgement;
mod math;
mod members;
mod order;
mod purchase;
mod reports;
mod reputation;
mod settlement;
mod shares;
mod testers;
mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes};
use alloy_sol_types::{SolError, SolEvent, SolEventInterface, SolInterface};

use crate::abi::IWorkAgreement::{IWorkAgreementCalls, IWorkAgreementErrors, IWorkAgreementEvents};
use crate::abi::IWorkerDispatcher::{
    IWorkerDispatcherCalls, IWorkerDispatcherErrors, IWorkerDispatcherEvents,
};
use crate::abi::{Clock, Settings};

use agreement::Agreement;
use book::Book;
use members::Member;

/// A call to the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelCall {
    /// To the dispatcher.
    Dispatcher(IWorkerDispatcherCalls),
    /// To the account at an address, by the agreement's interface.
    Agreement(Address, IWorkAgreementCalls),
}

/// An event of the market.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelEvent {
    /// Of the dispatcher.
    Dispatcher(IWorkerDispatcherEvents),
    /// Of an agreement.
    Agreement(Address, IWorkAgreementEvents),
}

/// The revert of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRevert {
    /// Of the dispatcher.
    Dispatcher(IWorkerDispatcherErrors),
    /// Of an agreement.
    Agreement(IWorkAgreementErrors),
}

/// The result of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOutcome {
    /// The return value, ABI-encoded.
    pub output: Vec<u8>,
    /// The emitted events, in order.
    pub events: Vec<ModelEvent>,
}

/// A dispatcher with its members, agreements and all accounts' balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The deployment constants.
    settings: Settings,
    /// The dispatcher's address.
    dispatcher: Address,
    /// The address of the implementation of agreements.
    implementation: Address,
    /// Height of the block in which the market was created.
    created_at: u64,
    /// Unix seconds of the current block.
    timestamp: u64,
    /// Height of the current block.
    height: u64,
    /// Hashes of earlier blocks that contain purchases.
    block_hashes: BTreeMap<u64, B256>,
    /// Members by number; number 1 is at index 0.
    members: Vec<Member>,
    /// Numbers by account.
    numbers: BTreeMap<Address, u32>,
    /// Books by application.
    books: BTreeMap<FixedBytes<8>, Book>,
    /// Tester lists by epoch.
    tester_lists: BTreeMap<u32, Vec<Address>>,
    /// All agreements.
    agreements: BTreeMap<Address, Agreement>,
    /// Credits in wei by account.
    credits: BTreeMap<Address, u128>,
    /// Wei burned so far.
    burned: u128,
    /// Balances in wei by account.
    balances: BTreeMap<Address, u128>,
    /// Accounts that reject transfers.
    non_payable: BTreeSet<Address>,
    /// Events of the current call.
    events: Vec<ModelEvent>,
}

impl Model {
    /// A market without members, created in the block at height `created_at`.
    #[must_use]
    pub fn new(
        settings: Settings,
        dispatcher: Address,
        implementation: Address,
        created_at: u64,
    ) -> Self {
        Self {
            settings,
            dispatcher,
            implementation,
            created_at,
            timestamp: 0,
            height: 0,
            block_hashes: BTreeMap::new(),
            members: Vec::new(),
            numbers: BTreeMap::new(),
            books: BTreeMap::new(),
            tester_lists: BTreeMap::new(),
            agreements: BTreeMap::new(),
            credits: BTreeMap::new(),
            burned: 0,
            balances: BTreeMap::new(),
            non_payable: BTreeSet::from([dispatcher, implementation]),
            events: Vec::new(),
        }
    }

    /// Starts the block at `height` with unix second `timestamp`.
    pub const fn begin_block(&mut self, height: u64, timestamp: u64) {
        self.height = height;
        self.timestamp = timestamp;
    }

    /// Sets the hash of an earlier block. Only blocks with purchases are needed.
    pub fn record_block_hash(&mut self, height: u64, hash: B256) {
        self.block_hashes.insert(height, hash);
    }

    /// Executes a call of `from` with `value` wei.
    ///
    /// # Errors
    /// The contract's revert; the model is unchanged except for the events of the last call.
    ///
    /// # Panics
    /// If `from` holds less than `value` wei.
    pub fn call(
        &mut self,
        from: Address,
        value: u128,
        call: &ModelCall,
    ) -> Result<ModelOutcome, ModelRevert> {
        self.events.clear();
        let returned = match call {
            ModelCall::Dispatcher(call) => self.call_dispatcher(from, value, call)?,
            ModelCall::Agreement(to, call) => self.call_agreement(*to, from, value, call)?,
        };
        Ok(ModelOutcome { output: returned, events: core::mem::take(&mut self.events) })
    }

    /// The deployment constants.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The current tick.
    #[must_use]
    pub const fn tick(&self) -> u64 {
        match self.settings.clock {
            Clock::Second => self.timestamp,
            _ => self.height,
        }
    }

    /// The current tester epoch.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        let epoch = self.tick() / u64::from(self.settings.epochLength);
        u32::try_from(epoch).unwrap_or(u32::MAX)
    }

    /// Records an event of the dispatcher.
    fn emit(&mut self, event: impl SolEvent) {
        let log = event.encode_log_data();
        let event = IWorkerDispatcherEvents::decode_raw_log(log.topics(), &log.data);
        self.events.push(ModelEvent::Dispatcher(event.expect(DECODES_OWN_OUTPUT)));
    }

    /// Records an event of an agreement.
    fn emit_from(&mut self, agreement: Address, event: impl SolEvent) {
        let log = event.encode_log_data();
        let event = IWorkAgreementEvents::decode_raw_log(log.topics(), &log.data);
        self.events.push(ModelEvent::Agreement(agreement, event.expect(DECODES_OWN_OUTPUT)));
    }
}

/// Why decoding an event or error just encoded cannot fail.
const DECODES_OWN_OUTPUT: &str = "an interface decodes its own events and errors";

/// A revert of the dispatcher.
fn dispatcher_revert<T>(error: impl SolError) -> Result<T, ModelRevert> {
    let error = IWorkerDispatcherErrors::abi_decode(&error.abi_encode());
    Err(ModelRevert::Dispatcher(error.expect(DECODES_OWN_OUTPUT)))
}

/// A revert of an agreement.
fn agreement_revert<T>(error: impl SolError) -> Result<T, ModelRevert> {
    let error = IWorkAgreementErrors::abi_decode(&error.abi_encode());
    Err(ModelRevert::Agreement(error.expect(DECODES_OWN_OUTPUT)))
}

#[cfg(test)]
mod tests;
