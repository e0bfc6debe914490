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
use crate::layout::Terms;

/// A receipt: the worker's index, the tester and its salt, the window and its parts, the signature.
pub(super) type Receipt = (u8, (Address, B256), (u8, u32), (B256, B256));

/// A report that was signed: the signer, its place and salt, the entries, the signature.
pub(super) type SignedEntries = (Address, (u32, B256), Vec<u8>, (B256, B256));

/// A report: probes made and probes served, by worker and window.
pub(super) type Report = BTreeMap<(u8, u8), (u8, u8)>;

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
    /// For each worker, the tick in which it resigned.
    pub(super) resigned: Vec<Option<u64>>,
    /// For each worker, whether it was absent and is settled already.
    pub(super) released: Vec<bool>,
    /// Whether the slots of all workers were freed before the settlement.
    pub(super) freed: bool,
    /// Ticks from start to end, unless all workers leave earlier.
    pub(super) planned: u32,
    /// `Settled` or `Void`, once closed.
    pub(super) closed: Option<State>,
    /// Reports by place.
    pub(super) reports: BTreeMap<u32, Report>,
    /// All receipts that its workers signed.
    pub(super) receipts: BTreeSet<Receipt>,
    /// All reports that were signed.
    pub(super) signed_reports: BTreeSet<SignedEntries>,
}

impl Agreement {
    /// A new agreement, not yet accepted.
    pub(super) fn new(terms: &Terms, escrow: u128) -> Self {
        let count = terms.workers().count();
        Self {
            planned: terms.header.length,
            terms: *terms,
            escrow,
            start: None,
            seed: FixedBytes::ZERO,
            accepted: vec![false; count],
            resigned: vec![None; count],
            released: vec![false; count],
            freed: false,
            closed: None,
            reports: BTreeMap::new(),
            receipts: BTreeSet::new(),
            signed_reports: BTreeSet::new(),
        }
    }

    /// Ticks of a window; the last one also has the remainder.
    pub(super) fn window_length(&self) -> u32 {
        self.terms.header.length / u32::from(self.terms.header.windows)
    }

    /// The ticks of a window that lie before tick number `until` of the agreement.
    pub(super) fn ticks_before(&self, window: u8, until: u32) -> u32 {
        let Terms { header, .. } = &self.terms;
        let begin = self.window_length() * u32::from(window);
        let last = window + 1 == header.windows;
        let end = if last { header.length } else { begin + self.window_length() };
        end.min(until).saturating_sub(begin)
    }

    /// Number of windows that begin before the planned end.
    pub(super) fn windows(&self) -> u8 {
        let begins = |window: &u8| u32::from(*window) * self.window_length() < self.planned;
        (0..self.terms.header.windows).filter(begins).map(|window| window + 1).max().unwrap_or(0)
    }

    /// The last tick in which a worker may accept.
    pub(super) fn last_accept(&self) -> u64 {
        self.terms.header.purchased + u64::from(self.terms.header.accept_window)
    }

    /// The first tick after the agreement; `None` before the first accept. If everybody who accepted has
    /// resigned, that is the tick of the last resignation, but not before the time to accept is over.
    pub(super) fn end(&self) -> Option<u64> {
        let planned = self.start? + u64::from(self.planned);
        let mut workers = self.accepted.iter().zip(&self.resigned);
        if workers.any(|(accepted, resigned)| *accepted && resigned.is_none()) {
            return Some(planned);
        }
        let left = self.resigned.iter().flatten().max().copied()?;
        Some(planned.min(left.max(self.last_accept() + 1)))
    }

    /// The ticks for which a worker is judged; none if it did not accept.
    pub(super) fn judged_ticks(&self, worker: usize) -> u32 {
        let (Some(start), Some(end), true) = (self.start, self.end(), self.accepted[worker]) else {
            return 0;
        };
        let until = self.resigned[worker].map_or(end, |tick| tick.min(end));
        u32::try_from(until - start).expect("an agreement has 32 bits of ticks")
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

    /// The indices of the workers that are not settled.
    pub(super) fn unsettled(&self) -> BTreeSet<usize> {
        (0..self.released.len()).filter(|worker| !self.released[*worker]).collect()
    }

    /// The indices of the workers that did not accept and are not settled.
    pub(super) fn absent(&self) -> BTreeSet<usize> {
        self.unsettled().into_iter().filter(|worker| !self.accepted[*worker]).collect()
    }

    /// The indices of the workers whose slots are taken.
    pub(super) fn occupied(&self) -> BTreeSet<usize> {
        if self.freed { BTreeSet::new() } else { self.unsettled() }
    }

    /// Places of the seats of a window; empty before the first accept.
    pub(super) fn seats(&self, window: u8) -> Vec<u32> {
        let header = &self.terms.header;
        let known = self.start.is_some();
        if known { draw_seats(self.seed, window, header.testers, header.pool) } else { Vec::new() }
    }
}

/// Indices of workers as bits.
pub(super) fn bits(workers: &BTreeSet<usize>) -> u8 {
    workers.iter().map(|worker| 1_u8 << worker).sum()
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
            let end = now + u64::from(agreement.terms.header.length);
            self.emit_from(to, Started { start: now, end, seed: agreement.seed });
        }
        agreement.accepted[usize::from(index)] = true;
        self.store_agreement(to, agreement);
        self.emit_from(to, Accepted { worker, index });
        Ok(())
    }
}
