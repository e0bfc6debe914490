//! What the dispatcher's events change.

use alloy::primitives::Address;
use muster_client::protocol::TESTER_APPLICATION;
use muster_client::protocol::abi::IWorkerDispatcher::{
    AgreementSettled, ContractBought, IWorkerDispatcherEvents as Dispatcher, ReputationChanged,
    StakeChanged, WorkerRegistered,
};
use muster_client::protocol::abi::WorkerResult;
use muster_client::protocol::course::{Course, has};
use muster_client::protocol::reputation::ReputationWeights;

use super::agreements::AgreementRow;
use super::apply::Applying;
use super::workers::WorkerRow;
use crate::error::IndexError;

impl Applying<'_> {
    /// Adds an event of the dispatcher.
    pub(super) fn add_dispatcher_event(&mut self, event: &Dispatcher) -> Result<(), IndexError> {
        match event {
            Dispatcher::WorkerRegistered(event) => self.add_registration(event),
            Dispatcher::WorkerUpdated(event) => {
                self.insert_price(event.worker, event.price)?;
                self.change_worker(event.worker, |worker| {
                    worker.price = event.price;
                    worker.max_length = event.maxLength;
                    worker.promise = event.promised;
                    worker.capacity = event.capacity;
                })
            }
            Dispatcher::KeyChanged(event) => {
                self.change_worker(event.worker, |worker| worker.message_key = event.key)
            }
            Dispatcher::AvailabilityChanged(event) => {
                self.change_worker(event.worker, |worker| worker.available = event.available)
            }
            Dispatcher::Listed(event) => {
                self.change_worker(event.worker, |worker| worker.listed = true)
            }
            Dispatcher::Unlisted(event) => {
                self.change_worker(event.worker, |worker| worker.listed = false)
            }
            Dispatcher::StakeChanged(event) => self.change_stake(event),
            Dispatcher::CheckedIn(event) => {
                let is_new = self.insert_place(event)?;
                self.change_worker(event.tester, |tester| {
                    tester.lists = tester.lists.saturating_add(is_new.into());
                    tester.last_epoch = tester.last_epoch.max(event.epoch);
                })
            }
            Dispatcher::ContractBought(event) => self.add_purchase(event),
            Dispatcher::AgreementSettled(event) => self.settle(event),
            Dispatcher::AbsentReleased(event) => {
                self.settle_workers(event.agreement, &event.workers)
            }
            Dispatcher::ReputationChanged(event) => self.change_reputation(event),
            Dispatcher::Credited(event) => self.change_account(event.account, |account| {
                account.credit = account.credit.saturating_add(event.amount);
            }),
            Dispatcher::Withdrawn(event) => self.change_account(event.account, |account| {
                account.credit = account.credit.saturating_sub(event.amount);
                account.withdrawn = account.withdrawn.saturating_add(event.amount);
            }),
            Dispatcher::PurchaseRefused(_) | Dispatcher::Burned(_) => Ok(()),
        }
    }

    /// Adds a worker or tester.
    fn add_registration(&mut self, event: &WorkerRegistered) -> Result<(), IndexError> {
        self.insert_worker(WorkerRow {
            account: event.worker,
            number: event.number,
            application: event.application,
            message_key: event.key,
            stake: event.stake,
            available: event.application.0 != TESTER_APPLICATION,
            registered: self.place.block.time,
            ..WorkerRow::default()
        })
    }

    /// Changes a stake. What it falls by becomes credit.
    fn change_stake(&mut self, event: &StakeChanged) -> Result<(), IndexError> {
        let before = self.worker(event.worker)?.map_or(event.stake, |worker| worker.stake);
        if event.stake < before {
            self.change_account(event.worker, |account| {
                account.credit = account.credit.saturating_add(before.saturating_sub(event.stake));
            })?;
        }
        self.change_worker(event.worker, |worker| worker.stake = event.stake)
    }

    /// Changes a reputation.
    fn change_reputation(&mut self, event: &ReputationChanged) -> Result<(), IndexError> {
        let weights = ReputationWeights { good: event.good, bad: event.bad };
        let (score, weighed) = (weights.score(), self.place.block.time);
        self.insert_score(event.worker, score)?;
        self.change_worker(event.worker, |worker| {
            (worker.weights, worker.weighed, worker.score) = (weights, weighed, score);
        })
    }

    /// Adds an agreement.
    fn add_purchase(&mut self, event: &ContractBought) -> Result<(), IndexError> {
        let terms = self.batch.terms.get(&event.agreement);
        let terms = *terms.ok_or(IndexError::NoTerms(event.agreement))?;
        self.insert_agreement(AgreementRow {
            address: event.agreement,
            escrow: event.escrow,
            block: self.place.block.number,
            bought: self.place.block.time,
            terms,
            course: Course { planned: terms.header.length, ..Course::default() },
            ..AgreementRow::default()
        })?;
        self.insert_seats(event.agreement, &terms)?;
        for seat in terms.workers() {
            self.change_worker(seat.account, |worker| {
                worker.locked = worker.locked.saturating_add(seat.bond);
                worker.active = worker.active.saturating_add(1);
            })?;
        }
        Ok(())
    }

    /// Settles an agreement, and frees the slots that are still in use.
    fn settle(&mut self, event: &AgreementSettled) -> Result<(), IndexError> {
        self.settle_workers(event.agreement, &event.workers)?;
        self.free_slots(event.agreement, u8::MAX)
    }

    /// Frees the slots of these workers, given as bits, unless they are free already.
    pub(super) fn free_slots(&mut self, agreement: Address, freed: u8) -> Result<(), IndexError> {
        let Some(row) = self.agreement(agreement)? else { return Ok(()) };
        let new = freed & !row.freed;
        for (index, seat) in (0..).zip(row.terms.workers()).filter(|(index, _)| has(new, *index)) {
            let _: u8 = index;
            self.change_worker(seat.account, |worker| {
                worker.active = worker.active.saturating_sub(1);
            })?;
        }
        self.change_agreement(agreement, |row| row.freed |= freed)
    }

    /// Adds the results of workers, and releases what is left of their bonds.
    fn settle_workers(
        &mut self,
        agreement: Address,
        results: &[WorkerResult],
    ) -> Result<(), IndexError> {
        let Some(row) = self.agreement(agreement)? else { return Ok(()) };
        for result in results {
            self.insert_result(agreement, result)?;
            let seat = row.terms.workers().find(|seat| seat.account == result.account);
            let seat = seat.copied().unwrap_or_default();
            self.change_worker(result.account, |worker| {
                // An absence counts once, even if it shows in several agreements.
                let missed = !result.accepted && worker.misses == seat.misses;
                worker.misses = worker.misses.wrapping_add(missed.into());
                worker.locked = worker.locked.saturating_sub(seat.bond);
                worker.stake = worker.stake.saturating_sub(result.slash);
            })?;
        }
        Ok(())
    }
}
