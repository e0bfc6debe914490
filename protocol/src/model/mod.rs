//! The whole market in plain Rust: the oracle that random tests hold the contracts against.
//!
//! It follows the rules as they are written, with numbers as wide as they need to be, lists instead of
//! links, and none of the contracts' code for money, verdicts, draws and reputations. It speaks the
//! interface's own words: a [`Call`] is answered with encoded values and [`Event`]s or with a
//! [`Refusal`], so both sides compare by value.
//!
//! It does not know gas, signatures or hashes of blocks: who tests tells it what was signed
//! ([`Model::sign`]), when it is and what the last block's hash was ([`Model::enter`]).
#![expect(
    clippy::arithmetic_side_effects,
    clippy::integer_division,
    clippy::indexing_slicing,
    clippy::expect_used,
    reason = "to leave the range of its numbers is an oracle's way to fail a test"
)]
#![expect(clippy::needless_pass_by_value, reason = "what is said is made where it is said")]

mod agreement;
mod balances;
mod book;
mod calls;
mod early_exit;
mod math;
mod members;
mod order;
mod purchase;
mod reports;
mod reputation;
mod settlement;
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
    /// To what stands at an address, as an agreement.
    Agreement(Address, IWorkAgreementCalls),
}

/// Something that the market said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelEvent {
    /// By the dispatcher.
    Dispatcher(IWorkerDispatcherEvents),
    /// By an agreement.
    Agreement(Address, IWorkAgreementEvents),
}

/// Why a call changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRevert {
    /// By the dispatcher.
    Dispatcher(IWorkerDispatcherErrors),
    /// By an agreement.
    Agreement(IWorkAgreementErrors),
}

/// What a call did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOutcome {
    /// What it returned, ABI-encoded.
    pub output: Vec<u8>,
    /// What was said, in order.
    pub events: Vec<ModelEvent>,
}

/// A market with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// What it was deployed with.
    settings: Settings,
    /// The market's account.
    dispatcher: Address,
    /// The account behind every agreement.
    implementation: Address,
    /// Unix seconds of the block that is being made.
    timestamp: u64,
    /// Its height.
    height: u64,
    /// Hashes of earlier blocks in which somebody bought.
    block_hashes: BTreeMap<u64, B256>,
    /// Registrations; number 1 comes first.
    members: Vec<Member>,
    /// Numbers by account.
    numbers: BTreeMap<Address, u32>,
    /// Books by application.
    books: BTreeMap<FixedBytes<8>, Book>,
    /// Lists of testers by epoch.
    tester_lists: BTreeMap<u32, Vec<Address>>,
    /// Every agreement that was bought.
    agreements: BTreeMap<Address, Agreement>,
    /// What can be withdrawn.
    credits: BTreeMap<Address, u128>,
    /// Wei that belong to nobody any more.
    burned: u128,
    /// What everybody holds, as far as it was told.
    balances: BTreeMap<Address, u128>,
    /// Who takes no ether.
    non_payable: BTreeSet<Address>,
    /// What the call that runs has said so far.
    events: Vec<ModelEvent>,
}

impl Model {
    /// A market in which nobody is yet.
    #[must_use]
    pub fn new(settings: Settings, dispatcher: Address, implementation: Address) -> Self {
        Self {
            settings,
            dispatcher,
            implementation,
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

    /// Begins the block at `height`, made at unix second `timestamp`.
    pub const fn begin_block(&mut self, height: u64, timestamp: u64) {
        self.height = height;
        self.timestamp = timestamp;
    }

    /// Tells the hash of a block before this one. Only blocks with purchases matter.
    pub fn record_block_hash(&mut self, height: u64, hash: B256) {
        self.block_hashes.insert(height, hash);
    }

    /// Does what `from` asks with `value` wei, which it holds.
    ///
    /// # Errors
    /// The refusal of the contract; nothing has changed then.
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

    /// What it was deployed with.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Now, in ticks.
    #[must_use]
    pub const fn tick(&self) -> u64 {
        match self.settings.clock {
            Clock::Second => self.timestamp,
            _ => self.height,
        }
    }

    /// The tester epoch of now.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        let epoch = self.timestamp / u64::from(self.settings.epochLength);
        u32::try_from(epoch).unwrap_or(u32::MAX)
    }

    /// The dispatcher says something.
    fn emit(&mut self, event: impl SolEvent) {
        let log = event.encode_log_data();
        let event = IWorkerDispatcherEvents::decode_raw_log(log.topics(), &log.data);
        self.events.push(ModelEvent::Dispatcher(event.expect(DECODES_OWN_OUTPUT)));
    }

    /// An agreement says something.
    fn emit_from(&mut self, agreement: Address, event: impl SolEvent) {
        let log = event.encode_log_data();
        let event = IWorkAgreementEvents::decode_raw_log(log.topics(), &log.data);
        self.events.push(ModelEvent::Agreement(agreement, event.expect(DECODES_OWN_OUTPUT)));
    }
}

/// Why events and errors can be read back that were just written.
const DECODES_OWN_OUTPUT: &str = "an interface has its own events and errors";

/// A refusal of the dispatcher.
fn dispatcher_revert<T>(error: impl SolError) -> Result<T, ModelRevert> {
    let error = IWorkerDispatcherErrors::abi_decode(&error.abi_encode());
    Err(ModelRevert::Dispatcher(error.expect(DECODES_OWN_OUTPUT)))
}

/// A refusal of an agreement.
fn agreement_revert<T>(error: impl SolError) -> Result<T, ModelRevert> {
    let error = IWorkAgreementErrors::abi_decode(&error.abi_encode());
    Err(ModelRevert::Agreement(error.expect(DECODES_OWN_OUTPUT)))
}

#[cfg(test)]
mod tests;
