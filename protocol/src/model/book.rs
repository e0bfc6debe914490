//! Books: who may be sold, cheapest first, equal prices first come first served.

use std::vec::Vec;

use alloy_primitives::{Address, FixedBytes};

use super::math::mul_div_ceil;
use super::{Model, ModelRevert, dispatcher_revert};
use crate::abi::IWorkerDispatcher::{Listed, NotListable, NotRegistered, Unlisted};
use crate::{BPS, WALK_LIMIT};

/// The workers of one application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book {
    /// How many ever registered.
    pub(super) registered: u32,
    /// Numbers of those who are listed, in order.
    pub(super) numbers: Vec<u32>,
}

impl Model {
    /// The bond of `price` for `length` ticks.
    pub(super) fn bond(&self, price: u128, length: u32) -> u128 {
        let full = price * u128::from(length);
        self.settings.minBond.max(mul_div_ceil(full, self.settings.bondBps.into(), BPS.into()))
    }

    /// Whether a number stands in its book.
    pub(super) fn is_listed(&self, number: u32) -> bool {
        let book = self.books.get(&self.member(number).application);
        book.is_some_and(|book| book.numbers.contains(&number))
    }

    /// Whether a number may stand in its book.
    fn is_listable(&self, number: u32) -> bool {
        let member = self.member(number);
        member.available
            && member.active < member.capacity
            && member.free_stake() >= self.bond(member.price, member.max_length)
    }

    /// Takes a number out of its book and tells whether it was there.
    fn remove_from_book(&mut self, number: u32) -> bool {
        let book = self.books.entry(self.member(number).application).or_default();
        let before = book.numbers.len();
        book.numbers.retain(|other| *other != number);
        book.numbers.len() < before
    }

    /// Puts a number that is not listed behind all that cost no more, if it fits and its place is at most
    /// 16 steps from the worker with the number `hint`, or from the front if that one is not there or
    /// dearer. Tells whether it did.
    fn insert_into_book(&mut self, number: u32, hint: u32) -> bool {
        if !self.is_listable(number) {
            return false;
        }
        let member = self.member(number);
        let (price, application) = (member.price, member.application);
        let order =
            self.books.get(&application).map(|book| book.numbers.clone()).unwrap_or_default();
        let dearer = |number: &u32| self.member(*number).price > price;
        let place = order.iter().position(dearer).unwrap_or(order.len());
        let hinted = order.iter().position(|other| *other == hint && !dearer(other));
        let from = hinted.map_or(0, |at| at + 1);
        if u32::try_from(place - from).is_ok_and(|steps| steps <= WALK_LIMIT) {
            self.books.entry(application).or_default().numbers.insert(place, number);
            return true;
        }
        false
    }

    /// Says where a number stands now, if that is news.
    fn emit_listing(&mut self, number: u32, listed: bool, was_listed: bool) {
        let worker = self.member(number).account;
        if listed {
            self.emit(Listed { worker });
        } else if was_listed || self.is_listable(number) {
            self.emit(Unlisted { worker });
        }
    }

    /// Puts a number where it belongs after its offer changed.
    pub(super) fn relist(&mut self, number: u32, hint: u32) {
        let was_listed = self.remove_from_book(number);
        let listed = self.insert_into_book(number, hint);
        self.emit_listing(number, listed, was_listed);
    }

    /// Puts a number into its book if it is not there.
    pub(super) fn list_if_absent(&mut self, number: u32, hint: u32) {
        if !self.is_listed(number) {
            let listed = self.insert_into_book(number, hint);
            self.emit_listing(number, listed, false);
        }
    }

    /// Takes a number out of its book if it no longer fits.
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

    /// Numbers in the book of an application, cheapest first.
    #[must_use]
    pub fn book(&self, application: FixedBytes<8>) -> &[u32] {
        self.books.get(&application).map_or(&[], |book| &book.numbers)
    }
}
