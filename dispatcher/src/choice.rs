//! What an order would get, and at what price. Reads only: `quote` and the purchase ask the same
//! question and cannot differ.

use kit::{Args, List, Put, Refused, chain};
use stylus_sdk::alloy_primitives::{Address, U256};
use terms::abi::{Order, Reason, Settings};
use terms::layout::WorkerTerms;
use terms::order::{Shape, check, usual};
use terms::{MAX_REDUNDANCY, SCAN_LIMIT, money};

use crate::book;
use crate::setup::{constants, this_epoch};
use crate::state::{BOOKS, IDENTITIES, LISTS, OFFERS, Offer};

/// What an order gets.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    /// The order's numbers.
    pub(crate) shape: Shape,
    /// The epoch whose tester list counts.
    pub(crate) epoch: u32,
    /// How many places of that list count.
    pub(crate) pool: u32,
    /// Numbers of the workers; the first `shape.redundancy` count.
    pub(crate) numbers: [u32; MAX_REDUNDANCY],
    /// What they agree to.
    pub(crate) workers: [WorkerTerms; MAX_REDUNDANCY],
    /// Wei that the agreement must hold.
    pub(crate) escrow: u128,
}

/// The order behind `buyContract(redundancy, length)`, as testers are listed now.
pub(crate) fn usual_order(redundancy: U256, length: U256, settings: &Settings) -> Order {
    let listed = LISTS.get(this_epoch(settings.epochLength)).len;
    usual(redundancy, length, settings, listed)
}

/// Finds the cheapest workers that fit an order at tick `now`.
///
/// # Errors
/// Why the order cannot be bought at any price.
pub(crate) fn choose(order: &Order, settings: &Settings, now: u64) -> Result<Choice, Reason> {
    let shape = check(order, settings, now)?;
    let list = BOOKS.get(order.application);
    if list.registered == 0 {
        return Err(Reason::ApplicationUnknown);
    }
    let epoch = this_epoch(settings.epochLength);
    let pool = if shape.testers == 0 { 0 } else { LISTS.get(epoch).len };
    if shape.testers != 0 && pool < settings.minPool.max(shape.testers.into()) {
        return Err(Reason::NotEnoughTesters);
    }

    let (numbers, workers) = ([0; MAX_REDUNDANCY], [WorkerTerms::default(); MAX_REDUNDANCY]);
    let mut choice = Choice { shape, epoch, pool, numbers, workers, escrow: 0 };
    let start = book::listed(order.start, order.application).map_or(list.head, |_| order.start);
    let mut candidates = Candidates { next: start, left: SCAN_LIMIT };
    let rooms = choice.numbers.iter_mut().zip(&mut choice.workers);
    for (number, worker) in rooms.take(shape.redundancy.into()) {
        let found = candidates.find(|(_, offer)| fits(offer, order, shape.length));
        let (candidate, offer) = found.ok_or(Reason::NotEnoughWorkers)?;
        let (terms, escrow) =
            agree(candidate, &offer, &shape, settings).ok_or(Reason::PriceOverflow)?;
        // At most eight amounts below 2^96.
        choice.escrow = choice.escrow.saturating_add(escrow);
        (*number, *worker) = (candidate, terms);
    }
    Ok(choice)
}

/// Whether an offer satisfies an order. Nobody has a score yet, so an order that asks for one fits
/// nobody.
const fn fits(offer: &Offer, order: &Order, length: u32) -> bool {
    offer.max_length >= length && offer.promise >= order.minUptime && order.minScore == 0
}

/// What a worker agrees to, and what it adds to the escrow; `None` if that is too much to hold.
fn agree(number: u32, offer: &Offer, shape: &Shape, s: &Settings) -> Option<(WorkerTerms, u128)> {
    let Offer { price, promise, .. } = *offer;
    let fee = match shape.testers {
        0 => 0,
        _ => money::fee(price, shape.quantum, s.testerFeeBps, s.minTesterFee),
    };
    let escrow = money::escrow(price, shape.length, fee, shape.windows, shape.testers)?;
    let bond = money::bond(price, shape.length, s.bondBps, s.minBond);
    let account = IDENTITIES.get(number).account;
    Some((WorkerTerms { account, price, promise, fee, bond }, escrow))
}

/// The listed workers from one on, in the order of their book.
struct Candidates {
    /// The next one; 0 = none.
    next: u32,
    /// How many may still be looked at.
    left: u32,
}

impl Iterator for Candidates {
    type Item = (u32, Offer);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        self.left = self.left.checked_sub(1).filter(|_| number != 0)?;
        let offer = OFFERS.get(number);
        self.next = offer.next;
        Some((number, offer))
    }
}

/// A quote: the fields of `Quote` in its order.
fn answer(order: &Order, settings: &Settings) -> impl Put + use<> {
    let now = chain::tick(settings.clock == terms::abi::Clock::Second);
    let choice = choose(order, settings, now);
    let (reason, price, start, workers) = match &choice {
        Ok(choice) => (Reason::None, choice.escrow, choice.numbers[0], choice.workers),
        Err(reason) => (*reason, 0, 0, [WorkerTerms::default(); MAX_REDUNDANCY]),
    };
    let accounts = workers.into_iter().map(account).take_while(is_someone);
    ((reason, price, start, order.windows, order.testers, List(accounts)),)
}

/// The account of a worker.
const fn account(worker: WorkerTerms) -> Address {
    worker.account
}

/// Whether there is a worker.
fn is_someone(account: &Address) -> bool {
    !account.is_zero()
}

/// `quote(uint256,uint256)`.
pub(crate) fn quote_usual(args: &mut Args) -> Result<impl Put + use<>, Refused> {
    let (redundancy, length) = (args.next()?, args.next()?);
    let settings = constants();
    Ok(answer(&usual_order(redundancy, length, &settings), &settings))
}

/// `quote(Order)`.
pub(crate) fn quote(args: &mut Args) -> Result<impl Put + use<>, Refused> {
    Ok(answer(&args.next()?, &constants()))
}
