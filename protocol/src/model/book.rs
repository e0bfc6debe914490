//! Books: the listed workers by ascending price, equal prices in the order of listing.

use std::vec::Vec;

use alloy_primitives::{Address, FixedBytes};

use super::math::mul_div_ceil;
use super::{Model, ModelRevert, dispatcher_revert};
use crate::abi::IWorkerDispatcher::{Listed, NotListable, NotRegistered, Unlisted};
use crate::{BPS, WALK_LIMIT};

/// The workers of one application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    /// Number of accounts ever registered.
    pub(super) registered: u32,
    /// Numbers of the listed workers, in order.
    pub(super) numbers: Vec<u32>,
}

impl Model {
    /// The bond for `length` ticks at `price`.
    pub(super) fn bond(&self, price: u128, length: u32) -> u128 {
        let full = price * u128::from(length);
        self.settings.minBond.max(mul_div_ceil(full, self.settings.bondBps.into(), BPS.into()))
    }

    /// Whether a worker is listed.
    pub(super) fn is_listed(&self, number: u32) -> bool {
        let book = self.books.get(&self.member(number).application);
        book.is_some_and(|book| book.numbers.contains(&number))
    }

    /// Whether a worker qualifies for its book.
    fn is_listable(&self, number: u32) -> bool {
        let member = self.member(number);
        member.available
            && member.active < member.capacity
            && member.free_stake() >= self.bond(member.price, member.max_length)
    }

    /// Removes a worker from its book. Returns whether it was listed.
    fn remove_from_book(&mut self, number: u32) -> bool {
        let book = self.books.entry(self.member(number).application).or_default();
        let before = book.numbers.len();
        book.numbers.retain(|other| *other != number);
        book.numbers.len() < before
    }

    /// Inserts an unlisted worker after all that cost no more, if it qualifies and its position is at most 16
    /// steps from the worker with the number `hint`, or from the front if that one is not listed or costs
    /// more. Returns whether it did.
    fn insert_into_book(&mut self, number: u32, hint: u32) -> bool {
        if !self.is_listable(number) {
            return false;
        }
        let member = self.member(number);
        let (price, application) = (member.price, member.application);
        let order =
            self.books.get(&application).map(|book| book.numbers.clone()).unwrap_or_default();
        let costs_more = |number: &u32| self.member(*number).price > price;
        let place = order.iter().position(costs_more).unwrap_or(order.len());
        let hinted = order.iter().position(|other| *other == hint && !costs_more(other));
        let from = hinted.map_or(0, |at| at + 1);
        if u32::try_from(place - from).is_ok_and(|steps| steps <= WALK_LIMIT) {
            self.books.entry(application).or_default().numbers.insert(place, number);
            return true;
        }
        false
    }

    /// Emits `Listed` or `Unlisted` after an attempt to list a worker.
    fn emit_listing(&mut self, number: u32, listed: bool, was_listed: bool) {
        let worker = self.member(number).account;
        if listed {
            self.emit(Listed { worker });
        } else if was_listed || self.is_listable(number) {
            self.emit(Unlisted { worker });
        }
    }

    /// Moves a worker to its position after its offer changed.
    pub(super) fn relist(&mut self, number: u32, hint: u32) {
        let was_listed = self.remove_from_book(number);
        let listed = self.insert_into_book(number, hint);
        self.emit_listing(number, listed, was_listed);
    }

    /// Lists a worker if it is not listed.
    pub(super) fn list_if_absent(&mut self, number: u32, hint: u32) {
        if !self.is_listed(number) {
            let listed = self.insert_into_book(number, hint);
            self.emit_listing(number, listed, false);
        }
    }

    /// Removes a worker from its book if it no longer qualifies.
    pub(super) fn drop_unfit(&mut self, number: u32) {
        if !self.is_listable(number) && self.remove_from_book(number) {
            self.emit_listing(number, false, true);
        }
    }

    /// `list(address,uint32)`.
    pub(super) fn list(&mut self, worker: Address, hint: u32) -> Result<(), ModelRevert> {
        let Some(number) = self.find_number(worker) else {
            return dispatcher_revert(NotRegistered { account: worker });
        };
        if self.is_listed(number) || !self.insert_into_book(number, hint) {
            return dispatcher_revert(NotListable { worker });
        }
        self.emit_listing(number, true, false);
        Ok(())
    }

    /// Numbers of the listed workers of an application, cheapest first.
    #[must_use]
    pub fn book(&self, application: FixedBytes<8>) -> &[u32] {
        self.books.get(&application).map_or(&[], |book| &book.numbers)
    }
}
