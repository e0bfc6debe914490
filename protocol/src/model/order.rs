//! Selects the workers of an order and computes its price.

use std::vec::Vec;

use alloy_primitives::{FixedBytes, U256};

use super::math::mul_div_floor;
use super::members::Member;
use super::{Address, Model};
use crate::abi::{Order, Quote, Reason};
use crate::layout::WorkerTerms;
use crate::{BPS, MAX_REDUNDANCY, MAX_SEATS, PRICE_LIMIT, SCAN_LIMIT, TESTER_APPLICATION};

/// What a client asks for.
#[derive(Clone, Copy)]
pub(super) enum OrderRequest<'a> {
    /// The default order with this redundancy and length.
    Default(U256, U256),
    /// The cheapest workers that satisfy an order.
    Cheapest(&'a Order),
    /// Exactly these workers.
    Hire(&'a Order, &'a [u32]),
}

/// The workers selected for an order.
pub(super) struct Selection {
    /// The order.
    pub(super) order: Order,
    /// Length in ticks.
    pub(super) length: u32,
    /// Its tester list: the epoch, and the number of places.
    pub(super) pool: (u32, u32),
    /// Numbers of the workers.
    pub(super) numbers: Vec<u32>,
    /// Their terms.
    pub(super) workers: Vec<WorkerTerms>,
    /// The price in wei.
    pub(super) escrow: u128,
}

impl Model {
    /// The order behind a request.
    fn resolve_order(&self, request: OrderRequest<'_>) -> Order {
        let (redundancy, length) = match request {
            OrderRequest::Cheapest(order) | OrderRequest::Hire(order, _) => return *order,
            OrderRequest::Default(redundancy, length) => (redundancy, length),
        };
        let tested = self.tester_count(self.epoch()) >= self.settings.minPool;
        let fitting = length / U256::from(self.settings.minWindow);
        let windows = if tested { fitting.clamp(U256::ONE, U256::from(4)) } else { U256::ONE };
        // A length of 2^32 or more is rejected anyway; the contract quotes one window for it.
        let windows = if length >= U256::from(1_u64 << 32) { U256::ONE } else { windows };
        Order {
            application: FixedBytes::ZERO,
            redundancy,
            length,
            windows: windows.to(),
            testers: if tested { 3 } else { 0 },
            minScore: 0,
            minUptime: 9_000,
            expiry: 0,
            start: 0,
        }
    }

    /// The first reason why the numbers of an order are invalid.
    fn invalid_reason(&self, order: &Order) -> Option<Reason> {
        let (shortest, longest) = (self.settings.minLength, self.settings.maxAgreement);
        let lengths = U256::from(shortest)..=U256::from(longest);
        let seats = u32::from(order.windows) * u32::from(order.testers);
        let tests = match order.testers {
            0 => order.windows == 1,
            3 | 5 | 7 | 9 | 11 | 13 | 15 => usize::try_from(seats).is_ok_and(|s| s <= MAX_SEATS),
            _ => false,
        };
        // Seats are public, so a client that stops early has seen them: longer orders have four windows or more.
        let short = order.length < U256::from(2 * u64::from(shortest));
        let windows = (1..=21).contains(&order.windows)
            && (short || order.testers == 0 || order.windows >= 4)
            && order.length / U256::from(order.windows) >= U256::from(self.settings.minWindow);
        let checks = [
            (
                (U256::ONE..=U256::from(MAX_REDUNDANCY)).contains(&order.redundancy),
                Reason::Redundancy,
            ),
            (lengths.contains(&order.length), Reason::Length),
            (windows, Reason::Windows),
            (tests, Reason::Testers),
            (order.application.0 != TESTER_APPLICATION, Reason::NotForSale),
            (order.expiry == 0 || self.tick() <= order.expiry, Reason::Expired),
        ];
        checks.into_iter().find(|(holds, _)| !holds).map(|(_, reason)| reason)
    }

    /// Whether a worker satisfies an order.
    fn satisfies(&self, number: u32, order: &Order) -> bool {
        let Member { max_length, promise, .. } = *self.member(number);
        U256::from(max_length) >= order.length
            && promise >= order.minUptime
            && (order.minScore == 0 || self.score(number) >= order.minScore)
    }

    /// A worker's terms and its part of the escrow; `None` if that reaches the limit.
    fn worker_terms(&self, number: u32, order: &Order) -> Option<(WorkerTerms, u128)> {
        let Member { account, price, promise, misses, .. } = *self.member(number);
        let s = &self.settings;
        let length: u32 = order.length.to();
        let in_window = price * u128::from(length / u32::from(order.windows));
        let share = mul_div_floor(in_window, s.testerFeeBps.into(), BPS.into());
        let fee = if order.testers == 0 { 0 } else { share.max(s.minTesterFee) };
        let seats = u128::from(order.windows) * u128::from(order.testers);
        // The price fits into 96 + 32 bits; the fees of up to 63 seats may overflow.
        let cost = (price * u128::from(length)).checked_add(fee.checked_mul(seats)?)?;
        let bond = self.bond(price, length);
        (cost < PRICE_LIMIT)
            .then_some((WorkerTerms { account, price, promise, fee, bond, misses }, cost))
    }

    /// Selects the workers for a request, or the reason why it cannot be bought at any price.
    pub(super) fn select_workers(&self, request: OrderRequest<'_>) -> Result<Selection, Reason> {
        let order = self.resolve_order(request);
        if let Some(reason) = self.invalid_reason(&order) {
            return Err(reason);
        }
        let book = self.books.get(&order.application).filter(|book| book.registered > 0);
        let book = &book.ok_or(Reason::ApplicationUnknown)?.numbers;
        let epoch = self.epoch();
        let pool = if order.testers == 0 { 0 } else { self.tester_count(epoch) };
        if order.testers > 0 && pool < self.settings.minPool.max(order.testers.into()) {
            return Err(Reason::NotEnoughTesters);
        }
        let count: usize = order.redundancy.to();
        let (candidates, lacking) = match request {
            OrderRequest::Hire(_, numbers) if numbers.len() != count => {
                return Err(Reason::Redundancy);
            }
            OrderRequest::Hire(_, numbers) => (numbers, Reason::WorkerUnfit),
            _ => {
                let first = book.iter().position(|number| *number == order.start).unwrap_or(0);
                (&book[first..], Reason::NotEnoughWorkers)
            }
        };
        let mut selection = Selection {
            order,
            length: order.length.to(),
            pool: (epoch, pool),
            numbers: Vec::new(),
            workers: Vec::new(),
            escrow: 0,
        };
        for number in candidates.iter().take(usize::try_from(SCAN_LIMIT).unwrap_or(0)) {
            if selection.numbers.len() == count {
                break;
            }
            let named = matches!(request, OrderRequest::Hire(..));
            let ascends = selection.numbers.last().is_none_or(|last| last < number);
            if named && !(ascends && book.contains(number) && self.satisfies(*number, &order)) {
                return Err(lacking);
            }
            if self.satisfies(*number, &order) {
                let (terms, cost) =
                    self.worker_terms(*number, &order).ok_or(Reason::PriceOverflow)?;
                selection.numbers.push(*number);
                selection.workers.push(terms);
                selection.escrow += cost;
            }
        }
        if selection.numbers.len() == count { Ok(selection) } else { Err(lacking) }
    }

    /// The quote for a request.
    pub(super) fn quote(&self, request: OrderRequest<'_>) -> Quote {
        let Order { windows, testers, .. } = self.resolve_order(request);
        let (reason, price, start, workers) = match self.select_workers(request) {
            Ok(choice) => {
                let accounts: Vec<Address> =
                    choice.workers.iter().map(|worker| worker.account).collect();
                (Reason::None, choice.escrow, choice.numbers[0], accounts)
            }
            Err(reason) => (reason, 0, 0, Vec::new()),
        };
        Quote { reason, price, start, windows, testers, workers }
    }
}
