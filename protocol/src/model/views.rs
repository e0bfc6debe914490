//! Views of the dispatcher, and what tests read directly.

use std::vec::Vec;

use alloy_primitives::{Address, FixedBytes, U256};

use super::members::Member;
use super::order::OrderRequest;
use super::{Model, ModelRevert, dispatcher_revert};
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

    /// A page of a book, from the listed worker with a number on; from the cheapest if that is 0.
    pub(super) fn listed_page(
        &self,
        application: FixedBytes<8>,
        from: u32,
        count: u32,
    ) -> Vec<Worker> {
        let count = usize::try_from(count.min(PAGE_SIZE)).unwrap_or(0);
        let listed = self.book(application).iter();
        let rest = listed.skip_while(|number| from != 0 && **number != from);
        rest.take(count).map(|number| self.worker_row(*number)).collect()
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
}
