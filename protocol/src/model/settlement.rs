//! Settlement of an agreement: verdicts, pay, fees, slashes and compensation.

use std::vec::Vec;

use super::agreement::Agreement;
use super::math::mul_div_floor;
use super::reputation::{weight, weight_fraction};
use super::{Address, Model, ModelRevert};
use crate::abi::IWorkAgreement::Closed;
use crate::abi::IWorkerDispatcher::{AgreementSettled, AvailabilityChanged, Burned};
use crate::abi::{State, TesterResult, WorkerResult};
use crate::layout::WorkerTerms;

/// 100 % in basis points.
const BPS_DENOMINATOR: u64 = 10_000;

/// Fees by place: place, wei, seats; in the order of the first fee.
#[derive(Default)]
struct Fees(Vec<(u32, u128, u16)>);

impl Fees {
    /// Adds the fee of one seat.
    fn pay(&mut self, place: u32, fee: u128) {
        if let Some((_, amount, seats)) = self.0.iter_mut().find(|(known, ..)| *known == place) {
            *amount += fee;
            *seats += 1;
        } else {
            self.0.push((place, fee, 1));
        }
    }
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
        self.store_agreement(to, agreement.clone());
        self.emit_from(to, Closed { state });

        let held = self.balance(to);
        self.transfer(to, self.dispatcher, held);
        let (mut results, mut fees) = (Vec::new(), Fees::default());
        for (index, worker) in agreement.workers() {
            results.push(judge_worker(&agreement, index, worker, &mut fees));
        }
        for ((index, worker), result) in agreement.workers().zip(&mut results) {
            self.release_worker(&agreement, worker, result, hints.get(usize::from(index)));
            self.add_credit(worker.account, result.pay);
        }
        let pool = agreement.terms.header.epoch;
        let testers = fees.0.into_iter().map(|(place, fee, seats)| {
            let account = self.tester_at(pool, place).unwrap_or_default();
            TesterResult { account, fee, seats }
        });
        let testers: Vec<_> = testers.collect();
        for TesterResult { account, fee, .. } in &testers {
            self.add_credit(*account, *fee);
        }

        let paid: u128 = results.iter().map(|result| result.pay).sum();
        let earned: u128 = testers.iter().map(|tester| tester.fee).sum();
        let slashed: u128 = results.iter().map(|result| result.slash).sum();
        let refund = held - paid - earned;
        let compensation: u128 = results.iter().map(|result| result.slash.min(result.pay)).sum();
        let client = agreement.terms.header.client;
        self.add_credit(client, refund + compensation);
        if slashed > compensation {
            self.burned += slashed - compensation;
            self.emit(Burned { agreement: to, amount: slashed - compensation });
        }
        let workers = results;
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

    /// Releases a worker: takes the slash, releases bond and slot, updates reputation and listing. Sets the
    /// slash of an absent worker in `result`.
    fn release_worker(
        &mut self,
        agreement: &Agreement,
        worker: &WorkerTerms,
        result: &mut WorkerResult,
        hint: Option<&u32>,
    ) {
        let account = worker.account;
        let number = self.number(account);
        let missed = !result.accepted && self.member(number).misses == worker.misses;
        if missed {
            result.slash = worker.bond / 10;
        }
        let member = self.member_mut(number);
        member.locked -= worker.bond;
        member.stake -= result.slash;
        member.active -= 1;
        let (good, bad) = self.reputation_weights(agreement, worker, result, missed);
        self.add_weight(account, good, bad);
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
        let header = &agreement.terms.header;
        let unit = self.settings.reputationUnit;
        let seats = u128::from(header.windows) * u128::from(header.testers);
        let (said, escrowed) = (weight(result.fees, unit), weight(worker.fee * seats, unit));
        let known = result.served + result.failed;
        let left = if result.resigned { header.windows - result.windows } else { 0 };
        match (result.accepted, missed) {
            (false, false) => (0, 0),
            (false, true) => (0, escrowed),
            (true, _) => (
                weight_fraction(said, result.served, known),
                weight_fraction(said, result.failed, known)
                    + weight_fraction(escrowed, left, header.windows),
            ),
        }
    }
}

/// Judges one worker by the reports of its seats, and pays the seats of the majorities.
fn judge_worker(
    agreement: &Agreement,
    index: u8,
    worker: &WorkerTerms,
    fees: &mut Fees,
) -> WorkerResult {
    let place = usize::from(index);
    let mut result = WorkerResult {
        account: worker.account,
        pay: 0,
        slash: 0,
        fees: 0,
        accepted: agreement.accepted[place],
        resigned: agreement.resigned[place].is_some(),
        windows: 0,
        served: 0,
        failed: 0,
    };
    if !result.accepted {
        return result;
    }
    result.windows = agreement.resigned[place].unwrap_or(agreement.judged_windows);
    let mut certain = 0;
    for window in 0..result.windows {
        // For each seat that reported: its place, and whether it reported service.
        let mut votes = agreement.seats(window);
        votes.retain(|seat| reported_windows(agreement, *seat, place).0 >> window & 1 == 1);
        let votes = votes
            .into_iter()
            .map(|seat| (seat, reported_windows(agreement, seat, place).1 >> window & 1 == 1));
        let (good, bad): (Vec<_>, Vec<_>) = votes.partition(|(_, served)| *served);
        if good.is_empty() && bad.is_empty() {
            continue;
        }
        let right = if bad.len() > good.len() { &bad } else { &good };
        if bad.len() > good.len() {
            result.failed += 1;
            certain += u8::from(good.is_empty() && bad.len() >= 2);
        } else {
            result.served += 1;
        }
        for (seat, _) in right {
            fees.pay(*seat, worker.fee);
            result.fees += worker.fee;
        }
    }
    pay_and_slash(agreement, worker, certain, &mut result);
    result
}

/// The report of a place on a worker: windows checked, and windows served.
fn reported_windows(agreement: &Agreement, seat: u32, worker: usize) -> (u32, u32) {
    agreement.reports.get(&seat).map_or((0, 0), |observed| observed[worker])
}

/// Sets pay and slash of a worker that accepted; `certain` is its number of certain failures.
fn pay_and_slash(
    agreement: &Agreement,
    worker: &WorkerTerms,
    certain: u8,
    result: &mut WorkerResult,
) {
    let ticks = agreement.ticks(result.windows);
    let base = worker.price * u128::from(ticks);
    let (served, known) = (u64::from(result.served), u64::from(result.served + result.failed));
    let promised = u64::from(worker.promise) * known;
    let kept = BPS_DENOMINATOR * served >= promised;
    result.pay = if known == 0 || kept { base } else { mul_div_floor(base, served, known) };

    let miss = promised.saturating_sub(BPS_DENOMINATOR * (known - u64::from(certain)));
    let at_risk = mul_div_floor(worker.bond, ticks.into(), agreement.terms.header.length.into());
    let uptime = if miss == 0 { 0 } else { mul_div_floor(at_risk, miss, promised) };
    let leaving = if result.resigned { worker.bond / 10 } else { 0 };
    result.slash = worker.bond.min(uptime + leaving);
}
