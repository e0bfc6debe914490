//! Settlement: closes an agreement, credits all parties, releases bonds and slots, updates reputations.

use std::collections::{BTreeMap, BTreeSet};
use std::vec::Vec;

use super::agreement::Agreement;
use super::judgement::judge_worker;
use super::reputation::{ONE_OBSERVATION, weight, weight_fraction};
use super::{Address, Model, ModelRevert};
use crate::abi::IWorkAgreement::Closed;
use crate::abi::IWorkerDispatcher::{AgreementSettled, AvailabilityChanged, Burned};
use crate::abi::{State, TesterResult, WorkerResult};
use crate::layout::WorkerTerms;

/// Fees by place: place, wei, seats; in the order of the first fee.
#[derive(Default)]
pub(super) struct Fees(Vec<(u32, u128, u16)>);

impl Fees {
    /// Adds the fee of one seat.
    pub(super) fn pay(&mut self, place: u32, fee: u128) {
        if let Some((_, amount, seats)) = self.0.iter_mut().find(|(known, ..)| *known == place) {
            *amount += fee;
            *seats += 1;
        } else {
            self.0.push((place, fee, 1));
        }
    }
}

/// A settlement of workers, or the end of their work.
pub(super) struct Conclusion {
    /// The wei that the agreement pays out.
    pub(super) wei: u128,
    /// The results of the workers that are settled, by index.
    pub(super) results: BTreeMap<usize, WorkerResult>,
    /// The workers whose slots become free.
    pub(super) freed: BTreeSet<usize>,
    /// The fees.
    pub(super) fees: Fees,
}

/// What a conclusion paid.
pub(super) struct Payout {
    /// The rest of the wei, which the client got.
    pub(super) refund: u128,
    /// The part of the slashes that the client got.
    pub(super) compensation: u128,
    /// The results of the workers, with their slashes.
    pub(super) workers: Vec<WorkerResult>,
    /// The results of the testers.
    pub(super) testers: Vec<TesterResult>,
}

impl Model {
    /// `settle(uint32[])`.
    pub(super) fn settle(
        &mut self,
        to: Address,
        caller: Address,
        hints: &[u32],
    ) -> Result<(), ModelRevert> {
        let mut agreement = self.agreement(to, caller)?.clone();
        agreement.require_state(State::Due, self.tick())?;
        let state = if agreement.start.is_none() { State::Void } else { State::Settled };
        agreement.closed = Some(state);
        // No report can follow.
        agreement.receipts.clear();
        agreement.signed_reports.clear();
        self.store_agreement(to, agreement.clone());
        self.emit_from(to, Closed { state });

        let mut fees = Fees::default();
        let mut results = BTreeMap::new();
        for (index, worker) in (0_u8..).zip(agreement.terms.workers()) {
            let place = usize::from(index);
            if !agreement.released[place] {
                results.insert(place, judge_worker(&agreement, index, worker, &mut fees));
            }
        }
        let (wei, freed) = (self.balance(to), agreement.occupied());
        let conclusion = Conclusion { wei, results, freed, fees };
        let paid = self.conclude(to, &agreement, conclusion, hints);
        let Payout { refund, compensation, workers, testers } = paid;
        let client = agreement.terms.header.client;
        self.emit(AgreementSettled {
            agreement: to,
            client,
            refund,
            compensation,
            workers,
            testers,
        });
        Ok(())
    }

    /// Moves an agreement's wei to the dispatcher, credits all parties, and releases workers.
    pub(super) fn conclude(
        &mut self,
        to: Address,
        agreement: &Agreement,
        mut conclusion: Conclusion,
        hints: &[u32],
    ) -> Payout {
        self.transfer(to, self.dispatcher, conclusion.wei);
        for (index, worker) in agreement.terms.workers().enumerate() {
            let frees_slot = conclusion.freed.contains(&index);
            let result = conclusion.results.get_mut(&index);
            if frees_slot || result.is_some() {
                self.release_worker(agreement, worker, (result, frees_slot), hints.get(index));
            }
        }
        let epoch = agreement.terms.header.epoch;
        let testers = conclusion.fees.0.into_iter().map(|(place, fee, seats)| {
            let account = self.tester_at(epoch, place).unwrap_or_default();
            TesterResult { account, fee, seats }
        });
        let testers: Vec<_> = testers.collect();
        for TesterResult { account, fee, .. } in &testers {
            self.add_credit(*account, *fee);
        }
        let workers: Vec<_> = conclusion.results.into_values().collect();
        for WorkerResult { account, pay, .. } in &workers {
            self.add_credit(*account, *pay);
        }

        let paid: u128 = workers.iter().map(|result| result.pay).sum();
        let earned: u128 = testers.iter().map(|tester| tester.fee).sum();
        let slashed: u128 = workers.iter().map(|result| result.slash).sum();
        let refund = conclusion.wei - paid - earned;
        let compensation: u128 = workers.iter().map(|result| result.slash.min(result.pay)).sum();
        self.add_credit(agreement.terms.header.client, refund + compensation);
        if slashed > compensation {
            self.burned += slashed - compensation;
            self.emit(Burned { agreement: to, amount: slashed - compensation });
        }
        Payout { refund, compensation, workers, testers }
    }

    /// Releases a worker: frees its slot; with a result, takes the slash, releases the bond and updates the
    /// reputation, and sets the slash of an absent worker in the result. Updates its listing.
    fn release_worker(
        &mut self,
        agreement: &Agreement,
        worker: &WorkerTerms,
        (result, frees_slot): (Option<&mut WorkerResult>, bool),
        hint: Option<&u32>,
    ) {
        let account = worker.account;
        let number = self.number(account);
        self.member_mut(number).active -= u16::from(frees_slot);
        let mut missed = false;
        if let Some(result) = result {
            missed = !result.accepted && self.member(number).misses == worker.misses;
            if missed {
                result.slash = worker.bond / 10;
            }
            let member = self.member_mut(number);
            member.locked -= worker.bond;
            member.stake -= result.slash;
            let (good, bad) = self.reputation_weights(agreement, worker, result, missed);
            self.add_weight(account, good, bad);
        }
        if missed {
            let member = self.member_mut(number);
            member.misses = member.misses.wrapping_add(1);
            member.available = false;
            self.emit(AvailabilityChanged { worker: account, available: false });
        }
        if self.is_listed(number) {
            self.drop_unfit(number);
        } else if let Some(hint) = hint {
            self.list_if_absent(number, *hint);
        }
    }

    /// The good and bad weight that an agreement adds to a worker's reputation.
    fn reputation_weights(
        &self,
        agreement: &Agreement,
        worker: &WorkerTerms,
        result: &WorkerResult,
        missed: bool,
    ) -> (u64, u64) {
        if !result.accepted {
            return (0, if missed { ONE_OBSERVATION } else { 0 });
        }
        let header = &agreement.terms.header;
        let unit = self.settings.reputationUnit;
        let seats = u128::from(header.windows) * u128::from(header.testers);
        let (said, escrowed) = (weight(result.fees, unit), weight(worker.fee * seats, unit));
        let left = if result.resigned { header.length - result.ticks } else { 0 };
        let uptime = u32::from(result.uptime);
        let good = weight_fraction(said, uptime, 10_000);
        let bad = weight_fraction(said, 10_000 - uptime, 10_000);
        (good, bad + weight_fraction(escrowed, left, header.length))
    }
}
