//! Views of the market, and what tests read directly.

use std::vec::Vec;

use alloy_primitives::{Address, B256, FixedBytes, U256};

use super::agreement::Agreement;
use super::members::Member;
use super::order::OrderRequest;
use super::{Model, ModelRevert, agreement_revert, dispatcher_revert};
use crate::abi::IWorkAgreement::{WindowUnknown, progressReturn, testersReturn};
use crate::abi::IWorkerDispatcher::{NotRegistered, bookReturn, reputationReturn};
use crate::abi::{Order, Quote, State, Worker};
use crate::layout::Terms;

/// The most workers in one page.
const PAGE_SIZE: u32 = 16;

impl Model {
    /// The `Worker` view of an account.
    ///
    /// # Errors
    /// `NotRegistered`.
    pub fn worker_view(&self, account: Address) -> Result<Worker, ModelRevert> {
        let known = self.find_number(account);
        known.map_or_else(
            || dispatcher_revert(NotRegistered { account }),
            |number| Ok(self.worker_row(number)),
        )
    }

    /// The `Worker` view of a number.
    fn worker_row(&self, number: u32) -> Worker {
        let m: &Member = self.member(number);
        let order = self.book(m.application);
        let behind = order.iter().skip_while(|other| **other != number).nth(1);
        Worker {
            account: m.account,
            number,
            application: m.application,
            price: m.price,
            maxLength: m.max_length,
            promised: m.promise,
            capacity: m.capacity,
            active: m.active,
            available: m.available,
            listed: order.contains(&number),
            next: behind.copied().unwrap_or(0),
            stake: m.stake,
            locked: m.locked,
            lastEpoch: m.last_epoch,
            misses: m.misses,
            score: self.score(number),
            key: m.key,
        }
    }

    /// A page of workers, by number.
    pub(super) fn worker_page(&self, from: u32, count: u32) -> Vec<Worker> {
        let count = usize::try_from(count.min(PAGE_SIZE)).unwrap_or(0);
        (from.max(1)..=self.count()).take(count).map(|number| self.worker_row(number)).collect()
    }

    /// The number of members.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.members.len()).unwrap_or(u32::MAX)
    }

    /// The head of a book and its sizes.
    pub(super) fn book_view(&self, application: FixedBytes<8>) -> bookReturn {
        let order = self.book(application);
        let registered = self.books.get(&application).map_or(0, |book| book.registered);
        let head = order.first().copied().unwrap_or(0);
        bookReturn { head, listed: u32::try_from(order.len()).unwrap_or(u32::MAX), registered }
    }

    /// An account's reputation.
    pub(super) fn reputation_view(
        &self,
        account: Address,
    ) -> Result<reputationReturn, ModelRevert> {
        let Some(number) = self.find_number(account) else {
            return dispatcher_revert(NotRegistered { account });
        };
        let reputation = self.member(number).reputation;
        let score = self.score(number);
        let (good, bad, updated) = (reputation.good, reputation.bad, reputation.updated);
        Ok(reputationReturn { score, good, bad, updated })
    }

    /// The quote for an order, or for hiring these workers by it.
    #[must_use]
    pub fn quote_for(&self, order: &Order, hired: Option<&[u32]>) -> Quote {
        self.quote(
            hired.map_or(OrderRequest::Cheapest(order), |hired| OrderRequest::Hire(order, hired)),
        )
    }

    /// The quote for the default order.
    #[must_use]
    pub fn quote_default(&self, redundancy: U256, length: U256) -> Quote {
        self.quote(OrderRequest::Default(redundancy, length))
    }

    /// The addresses of all agreements, in ascending order.
    pub fn agreements(&self) -> impl Iterator<Item = Address> + '_ {
        self.agreements.keys().copied()
    }

    /// The terms of an agreement.
    #[must_use]
    pub fn terms(&self, agreement: Address) -> Option<&Terms> {
        Some(&self.agreements.get(&agreement)?.terms)
    }

    /// The escrow of an agreement in wei.
    #[must_use]
    pub fn escrow(&self, agreement: Address) -> Option<u128> {
        Some(self.agreements.get(&agreement)?.escrow)
    }

    /// The state of an agreement.
    #[must_use]
    pub fn state(&self, agreement: Address) -> Option<State> {
        Some(self.agreements.get(&agreement)?.state(self.tick()))
    }

    /// Workers of an agreement that have not accepted.
    #[must_use]
    pub fn unaccepted_workers(&self, agreement: Address) -> Vec<Address> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let workers = agreement.terms.workers().zip(&agreement.accepted);
        workers.filter(|(_, accepted)| !**accepted).map(|(worker, _)| worker.account).collect()
    }

    /// Places of an agreement's tester list that have not reported.
    #[must_use]
    pub fn unreported_places(&self, agreement: Address) -> Vec<u32> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let places = 0..agreement.terms.header.pool;
        places.filter(|place| !agreement.reports.contains_key(place)).collect()
    }

    /// The ticks around which time changes an agreement: the last one to accept and the next, the first of each
    /// window, the end, and the first one to settle.
    #[must_use]
    pub fn transition_ticks(&self, agreement: Address) -> Vec<u64> {
        let Some(agreement) = self.agreements.get(&agreement) else { return Vec::new() };
        let header = &agreement.terms.header;
        let last = header.purchased + u64::from(header.accept_window);
        let mut ticks = Vec::from([last, last + 1]);
        if let (Some(start), Some(end)) = (agreement.start, agreement.end()) {
            ticks.extend(
                (1..agreement.judged_windows).map(|n| start + u64::from(agreement.ticks(n))),
            );
            ticks.extend([end, end + u64::from(header.report_window)]);
        }
        ticks
    }

    /// The testers of a window of an agreement.
    pub(super) fn seated_testers(
        &self,
        of: &Agreement,
        window: U256,
    ) -> Result<testersReturn, ModelRevert> {
        let header = &of.terms.header;
        let windows = header.windows;
        if window >= U256::from(windows) {
            return agreement_revert(WindowUnknown { window, windows });
        }
        let account = |place| self.tester_at(header.epoch, place).unwrap_or_default();
        let accounts: Vec<_> = of.seats(window.to()).into_iter().map(account).collect();
        let keys = accounts.iter().map(|account| self.key_of(*account)).collect();
        Ok(testersReturn { accounts, keys })
    }

    /// The message key of an account; zero if it has none.
    pub(super) fn key_of(&self, account: Address) -> B256 {
        self.find_number(account).map_or(B256::ZERO, |number| self.member(number).key)
    }
}

impl Agreement {
    /// The `progress()` view.
    pub(super) fn progress(&self) -> progressReturn {
        let accepted = self.accepted.iter().zip(0_u32..).filter(|(accepted, _)| **accepted);
        let resigned = self.resigned.iter().zip(0_u32..);
        let resigned =
            resigned.filter_map(|(left, index)| Some((u64::from((*left)?) + 1) << (5 * index)));
        progressReturn {
            start: self.start.unwrap_or(0),
            seed: self.seed,
            accepted: accepted.map(|(_, index)| 1_u8 << index).sum(),
            windows: self.judged_windows,
            resigned: resigned.sum(),
        }
    }

    /// The report of the tester at a place on a worker.
    pub(super) fn reported(&self, place: u32, index: u8) -> (u32, u32) {
        let report = self.reports.get(&place);
        report.and_then(|observed| observed.get(usize::from(index))).copied().unwrap_or((0, 0))
    }
}

/// The workers' accounts, by index.
pub(super) fn workers(of: &Agreement) -> Vec<Address> {
    of.terms.workers().map(|worker| worker.account).collect()
}

/// The sum of the workers' prices.
pub(super) fn price(of: &Agreement) -> u128 {
    of.terms.workers().map(|worker| worker.price).sum()
}
