//! Agreements: their state, and how workers accept them.

use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, keccak256};

use super::testers::draw_seats;
use super::{Model, ModelRevert, agreement_revert};
use crate::abi::IWorkAgreement::{
    Accepted, AlreadyAccepted, NotAWorker, NotAnAgreement, SeedNotReady, Started, TooLateToAccept,
    WrongState,
};
use crate::abi::State;
use crate::layout::{Terms, WorkerTerms};

/// A receipt: the worker's index, the tester and its salt, the windows served, the signature.
pub(super) type Receipt = (u8, Address, B256, u32, B256, B256);

/// One agreement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// The immutable terms.
    pub(super) terms: Terms,
    /// The escrow in wei.
    pub(super) escrow: u128,
    /// Tick of the first accept.
    pub(super) start: Option<u64>,
    /// The seed of the draw; zero before the start.
    pub(super) seed: FixedBytes<16>,
    /// For each worker, whether it accepted.
    pub(super) accepted: Vec<bool>,
    /// For each worker, its finished windows if it resigned.
    pub(super) resigned: Vec<Option<u8>>,
    /// Number of windows to judge.
    pub(super) judged_windows: u8,
    /// `Settled` or `Void`, once closed.
    pub(super) closed: Option<State>,
    /// Reports by place: windows checked and windows served, for each worker.
    pub(super) reports: BTreeMap<u32, Vec<(u32, u32)>>,
    /// All receipts that its workers signed.
    pub(super) receipts: BTreeSet<Receipt>,
}

impl Agreement {
    /// A new agreement, not yet accepted.
    pub(super) fn new(terms: &Terms, escrow: u128) -> Self {
        let count = terms.workers().count();
        Self {
            judged_windows: terms.header.windows,
            terms: *terms,
            escrow,
            start: None,
            seed: FixedBytes::ZERO,
            accepted: vec![false; count],
            resigned: vec![None; count],
            closed: None,
            reports: BTreeMap::new(),
            receipts: BTreeSet::new(),
        }
    }

    /// Ticks of the first `windows` windows; the last window also has the remainder.
    pub(super) fn ticks(&self, windows: u8) -> u32 {
        let (length, all) = (self.terms.header.length, self.terms.header.windows);
        if windows == all { length } else { length / u32::from(all) * u32::from(windows) }
    }

    /// The last tick in which a worker may accept.
    fn last_accept(&self) -> u64 {
        self.terms.header.purchased + u64::from(self.terms.header.accept_window)
    }

    /// The first tick after the agreement; `None` before the first accept.
    pub(super) fn end(&self) -> Option<u64> {
        Some(self.start? + u64::from(self.ticks(self.judged_windows)))
    }

    /// The state at tick `now`.
    pub(super) fn state(&self, now: u64) -> State {
        if let Some(closed) = self.closed {
            return closed;
        }
        match self.end() {
            None if now <= self.last_accept() => State::Offered,
            Some(end) if now < end => State::Running,
            Some(end) if now < end + u64::from(self.terms.header.report_window) => State::Reporting,
            _ => State::Due,
        }
    }

    /// The window of tick `now` in a running agreement.
    pub(super) fn window(&self, now: u64) -> u8 {
        let header = &self.terms.header;
        let quantum = u64::from(header.length / u32::from(header.windows));
        let current = (now - self.start.unwrap_or(now)) / quantum;
        u8::try_from(current).unwrap_or(u8::MAX).min(header.windows - 1)
    }

    /// Reverts unless the state at tick `now` is `wanted`.
    pub(super) fn require_state(&self, wanted: State, now: u64) -> Result<(), ModelRevert> {
        let state = self.state(now);
        if state == wanted { Ok(()) } else { agreement_revert(WrongState { state }) }
    }

    /// The index of a worker.
    pub(super) fn index(&self, caller: Address) -> Result<u8, ModelRevert> {
        let place = self.terms.workers().position(|worker| worker.account == caller);
        let index = place.and_then(|place| u8::try_from(place).ok());
        index.map_or_else(|| agreement_revert(NotAWorker { caller }), Ok)
    }

    /// The workers with their indices.
    pub(super) fn workers(&self) -> impl Iterator<Item = (u8, &WorkerTerms)> {
        (0..).zip(self.terms.workers())
    }

    /// Places of the seats of a window; empty before the first accept.
    pub(super) fn seats(&self, window: u8) -> Vec<u32> {
        let header = &self.terms.header;
        let known = self.start.is_some();
        if known { draw_seats(self.seed, window, header.testers, header.pool) } else { Vec::new() }
    }
}

impl Model {
    /// The agreement at an address, for a call of `caller`.
    pub(super) fn agreement(
        &self,
        of: Address,
        caller: Address,
    ) -> Result<&Agreement, ModelRevert> {
        self.agreements.get(&of).map_or_else(|| agreement_revert(NotAnAgreement { caller }), Ok)
    }

    /// Stores an agreement.
    pub(super) fn store_agreement(&mut self, account: Address, agreement: Agreement) {
        self.agreements.insert(account, agreement);
    }

    /// `accept()`.
    pub(super) fn accept(&mut self, to: Address, worker: Address) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, worker)?.clone();
        let index = agreement.index(worker)?;
        if agreement.accepted[usize::from(index)] {
            return agreement_revert(AlreadyAccepted { worker });
        }
        let (now, last) = (self.tick(), agreement.last_accept());
        let state = agreement.state(now);
        if matches!(state, State::Reporting | State::Settled | State::Void) {
            return agreement_revert(WrongState { state });
        }
        if now > last {
            return agreement_revert(TooLateToAccept { tick: now, last });
        }
        if agreement.start.is_none() {
            let block = agreement.terms.header.block;
            let Some(hash) = self.block_hashes.get(&block).filter(|_| block < self.height) else {
                return agreement_revert(SeedNotReady { purchaseBlock: block });
            };
            let hash = keccak256([hash.as_slice(), to.as_slice()].concat());
            agreement.start = Some(now);
            agreement.seed = FixedBytes::from_slice(&hash[..16]);
            let end = agreement.end().unwrap_or(0);
            self.emit_from(to, Started { start: now, end, seed: agreement.seed });
        }
        agreement.accepted[usize::from(index)] = true;
        self.store_agreement(to, agreement);
        self.emit_from(to, Accepted { worker, index });
        Ok(())
    }
}
