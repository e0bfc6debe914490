//! What an order would get, and at what price. Reads only: `quote` and the purchase ask the same
//! question and cannot differ.

use muster_contract_kit::out::Out;
use muster_contract_kit::{Args, Items, List, Put, Refused, chain};
use muster_protocol::abi::{Clock, Order, Reason, Settings};
use muster_protocol::layout::WorkerTerms;
use muster_protocol::order::{Shape, check, usual};
use muster_protocol::{MAX_REDUNDANCY, SCAN_LIMIT, money};
use stylus_sdk::alloy_primitives::U256;

use crate::book;
use crate::setup::{constants, this_epoch};
use crate::standing::standing;
use crate::state::{ACCOUNTS, BOOKS, IDENTITIES, LISTS, OFFERS, Offer};

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

/// Finds the workers of an order at tick `now`: the hired ones, or the cheapest that fit.
///
/// # Errors
/// Why the order cannot be bought at any price.
pub(crate) fn choose(
    order: &Order,
    hired: Option<Items<u32>>,
    settings: &Settings,
    now: u64,
) -> Result<Choice, Reason> {
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
    let mut candidates = match hired {
        Some(hired) if hired.len() != usize::from(shape.redundancy) => {
            return Err(Reason::Redundancy);
        }
        Some(hired) => Candidates::Hired { rest: hired, least: 1, order },
        None => {
            let named = book::listed(order.start, order.application);
            let next = named.map_or(list.head, |_| order.start);
            Candidates::Listed { next, left: SCAN_LIMIT }
        }
    };
    let rooms = choice.numbers.iter_mut().zip(&mut choice.workers);
    for (number, worker) in rooms.take(shape.redundancy.into()) {
        let fitting = |(number, offer): &(u32, Offer)| fits(*number, offer, order, shape.length);
        let found = match hired {
            Some(_) => candidates.next().filter(fitting).ok_or(Reason::WorkerUnfit),
            None => candidates.find(fitting).ok_or(Reason::NotEnoughWorkers),
        };
        let (candidate, offer) = found?;
        let (terms, escrow) =
            agree(candidate, &offer, &shape, settings).ok_or(Reason::PriceOverflow)?;
        // At most eight amounts below 2^96.
        choice.escrow = choice.escrow.saturating_add(escrow);
        (*number, *worker) = (candidate, terms);
    }
    Ok(choice)
}

/// Whether a worker satisfies an order.
fn fits(number: u32, offer: &Offer, order: &Order, length: u32) -> bool {
    offer.max_length >= length
        && offer.promise >= order.minUptime
        && (order.minScore == 0 || standing(number).score() >= order.minScore)
}

/// What a worker agrees to, and what it adds to the escrow; `None` if that is too much to hold.
fn agree(number: u32, offer: &Offer, shape: &Shape, s: &Settings) -> Option<(WorkerTerms, u128)> {
    let Offer { price, promise, .. } = *offer;
    // For each tester, so that without testers it is in no escrow.
    let fee = money::fee(price, shape.quantum, s.testerFeeBps, s.minTesterFee);
    let escrow = money::escrow(price, shape.length, fee, shape.windows, shape.testers)?;
    let bond = money::bond(price, shape.length, s.bondBps, s.minBond);
    let account = IDENTITIES.get(number).account;
    let misses = ACCOUNTS.get(account).misses;
    Some((WorkerTerms { account, price, promise, fee, bond, misses }, escrow))
}

/// The workers that an order may get, in the order in which they are asked.
enum Candidates<'a> {
    /// The listed ones from one on, in the order of their book.
    Listed {
        /// The next one; 0 = none.
        next: u32,
        /// How many may still be looked at.
        left: u32,
    },
    /// Those that were named, as long as they are listed and their numbers ascend.
    Hired {
        /// The numbers that are still to come.
        rest: Items<u32>,
        /// The least that the next one may be.
        least: u32,
        /// Whose application they must be listed for.
        order: &'a Order,
    },
}

impl Iterator for Candidates<'_> {
    type Item = (u32, Offer);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Listed { next, left } => {
                let number = *next;
                *left = left.checked_sub(1).filter(|_| number != 0)?;
                let offer = OFFERS.get(number);
                *next = offer.next;
                Some((number, offer))
            }
            Self::Hired { rest, least, order } => {
                let number = rest.next()?.ok().filter(|number| number >= least)?;
                *least = number.saturating_add(1);
                Some((number, book::listed(number, order.application)?))
            }
        }
    }
}

/// A quote, or why there is none.
pub(crate) struct Answer {
    /// What was asked for.
    order: Order,
    /// What it gets.
    choice: Result<Choice, Reason>,
}

impl Put for Answer {
    const DYNAMIC: bool = true;

    fn put(&self, out: &mut Out) {
        let (reason, price, start, workers) = match &self.choice {
            Ok(choice) => {
                let [start, ..] = choice.numbers;
                let count = choice.shape.redundancy.into();
                (Reason::None, choice.escrow, start, choice.workers.get(..count))
            }
            Err(reason) => (*reason, 0, 0, None),
        };
        let accounts = workers.unwrap_or_default().iter().map(|worker| worker.account);
        let Order { windows, testers, .. } = self.order;
        (reason, price, start, windows, testers, List(accounts)).put(out);
    }
}

/// The quote for an order.
fn answer(order: Order, hired: Option<Items<u32>>, settings: &Settings) -> (Answer,) {
    let now = chain::tick(settings.clock == Clock::Second, chain::block);
    (Answer { choice: choose(&order, hired, settings, now), order },)
}

/// `quote(uint256,uint256)`.
pub(crate) fn quote_usual(args: &mut Args) -> Result<(Answer,), Refused> {
    let (redundancy, length) = (args.next()?, args.next()?);
    let settings = constants();
    Ok(answer(usual_order(redundancy, length, &settings), None, &settings))
}

/// `quote(Order)`.
pub(crate) fn quote(args: &mut Args) -> Result<(Answer,), Refused> {
    Ok(answer(args.next()?, None, &constants()))
}

/// `quote(Order,uint32[])`.
pub(crate) fn quote_hire(args: &mut Args) -> Result<(Answer,), Refused> {
    let (order, hired) = (args.next()?, hired(args)?);
    Ok(answer(order, Some(hired), &constants()))
}

/// The numbers of workers to hire.
pub(crate) fn hired(args: &mut Args) -> Result<Items<u32>, Refused> {
    let mut hired: Items<u32> = args.list(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    let whole = hired;
    hired.try_for_each(|number| number.map(|_| ()))?;
    Ok(whole)
}
