//! What an order would get, and at what price. Reads only: `quote` and the purchase ask the same
//! question and cannot differ.

use muster_contract_kit::output::OutputBuffer;
use muster_contract_kit::{AbiArray, AbiEncode, Args, ArrayItems, Reverted, chain};
use muster_protocol::abi::{Clock, Order, Reason, Settings};
use muster_protocol::layout::WorkerTerms;
use muster_protocol::order::{ValidOrder, check, default_order};
use muster_protocol::{MAX_REDUNDANCY, SCAN_LIMIT, money};
use stylus_sdk::alloy_primitives::U256;

use crate::book;
use crate::reputation::current_weights;
use crate::setup::{epoch_at_now, load_settings};
use crate::state::{ACCOUNTS, BOOKS, IDENTITIES, OFFERS, Offer, TESTER_LISTS};

/// What an order gets.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    /// The order's numbers.
    pub(crate) order: ValidOrder,
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
pub(crate) fn current_default_order(redundancy: U256, length: U256, settings: &Settings) -> Order {
    let listed = TESTER_LISTS.get(epoch_at_now(settings.epochLength)).len;
    default_order(redundancy, length, settings, listed)
}

/// Finds the workers of an order at tick `now`: the hired ones, or the cheapest that fit.
///
/// # Errors
/// Why the order cannot be bought at any price.
pub(crate) fn select_workers(
    order: &Order,
    hired: Option<ArrayItems<u32>>,
    settings: &Settings,
    now: u64,
) -> Result<Selection, Reason> {
    let shape = check(order, settings, now)?;
    let list = BOOKS.get(order.application);
    if list.registered == 0 {
        return Err(Reason::ApplicationUnknown);
    }
    let epoch = epoch_at_now(settings.epochLength);
    let pool = if shape.testers == 0 { 0 } else { TESTER_LISTS.get(epoch).len };
    if shape.testers != 0 && pool < settings.minPool.max(shape.testers.into()) {
        return Err(Reason::NotEnoughTesters);
    }

    let (numbers, workers) = ([0; MAX_REDUNDANCY], [WorkerTerms::default(); MAX_REDUNDANCY]);
    let mut selection = Selection { order: shape, epoch, pool, numbers, workers, escrow: 0 };
    let mut candidates = match hired {
        Some(hired) if hired.len() != usize::from(shape.redundancy) => {
            return Err(Reason::Redundancy);
        }
        Some(hired) => Candidates::Hired { rest: hired, min_number: 1, order },
        None => {
            let named = book::listed_offer(order.start, order.application);
            let next = named.map_or(list.head, |_| order.start);
            Candidates::Listed { next, scan_budget: SCAN_LIMIT }
        }
    };
    let rooms = selection.numbers.iter_mut().zip(&mut selection.workers);
    for (number, worker) in rooms.take(shape.redundancy.into()) {
        let fitting =
            |(number, offer): &(u32, Offer)| satisfies(*number, offer, order, shape.length);
        let found = match hired {
            Some(_) => candidates.next().filter(fitting).ok_or(Reason::WorkerUnfit),
            None => candidates.find(fitting).ok_or(Reason::NotEnoughWorkers),
        };
        let (candidate, offer) = found?;
        let (terms, escrow) =
            worker_terms(candidate, &offer, &shape, settings).ok_or(Reason::PriceOverflow)?;
        // At most eight amounts below 2^96.
        selection.escrow = selection.escrow.saturating_add(escrow);
        (*number, *worker) = (candidate, terms);
    }
    Ok(selection)
}

/// Whether a worker satisfies an order.
fn satisfies(number: u32, offer: &Offer, order: &Order, length: u32) -> bool {
    offer.max_length >= length
        && offer.promise >= order.minUptime
        && (order.minScore == 0 || current_weights(number).score() >= order.minScore)
}

/// What a worker agrees to, and what it adds to the escrow; `None` if that is too much to hold.
fn worker_terms(
    number: u32,
    offer: &Offer,
    shape: &ValidOrder,
    s: &Settings,
) -> Option<(WorkerTerms, u128)> {
    let Offer { price, promise, .. } = *offer;
    // For each tester, so that without testers it is in no escrow.
    let fee = money::fee(price, shape.window_length, s.testerFeeBps, s.minTesterFee);
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
        scan_budget: u32,
    },
    /// Those that were named, as long as they are listed and their numbers ascend.
    Hired {
        /// The numbers that are still to come.
        rest: ArrayItems<u32>,
        /// The least that the next one may be.
        min_number: u32,
        /// Whose application they must be listed for.
        order: &'a Order,
    },
}

impl Iterator for Candidates<'_> {
    type Item = (u32, Offer);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Listed { next, scan_budget: left } => {
                let number = *next;
                *left = left.checked_sub(1).filter(|_| number != 0)?;
                let offer = OFFERS.get(number);
                *next = offer.next;
                Some((number, offer))
            }
            Self::Hired { rest, min_number: least, order } => {
                let number = rest.next()?.ok().filter(|number| number >= least)?;
                *least = number.saturating_add(1);
                Some((number, book::listed_offer(number, order.application)?))
            }
        }
    }
}

/// A quote, or why there is none.
pub(crate) struct QuoteReturn {
    /// What was asked for.
    order: Order,
    /// What it gets.
    selection: Result<Selection, Reason>,
}

impl AbiEncode for QuoteReturn {
    const DYNAMIC: bool = true;

    fn encode(&self, out: &mut OutputBuffer) {
        let (reason, price, start, workers) = match &self.selection {
            Ok(choice) => {
                let [start, ..] = choice.numbers;
                let count = choice.order.redundancy.into();
                (Reason::None, choice.escrow, start, choice.workers.get(..count))
            }
            Err(reason) => (*reason, 0, 0, None),
        };
        let accounts = workers.unwrap_or_default().iter().map(|worker| worker.account);
        let Order { windows, testers, .. } = self.order;
        (reason, price, start, windows, testers, AbiArray(accounts)).encode(out);
    }
}

/// The quote for an order.
fn quote_return(
    order: Order,
    hired: Option<ArrayItems<u32>>,
    settings: &Settings,
) -> (QuoteReturn,) {
    let now = chain::tick(settings.clock == Clock::Second, chain::l2_block_number);
    (QuoteReturn { selection: select_workers(&order, hired, settings, now), order },)
}

/// `quote(uint256,uint256)`.
pub(crate) fn quote_default(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    let (redundancy, length) = (args.next()?, args.next()?);
    let settings = load_settings();
    Ok(quote_return(current_default_order(redundancy, length, &settings), None, &settings))
}

/// `quote(Order)`.
pub(crate) fn quote(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    Ok(quote_return(args.next()?, None, &load_settings()))
}

/// `quote(Order,uint32[])`.
pub(crate) fn quote_hire(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    let (order, hired) = (args.next()?, read_hired(args)?);
    Ok(quote_return(order, Some(hired), &load_settings()))
}

/// The numbers of workers to hire.
pub(crate) fn read_hired(args: &mut Args) -> Result<ArrayItems<u32>, Reverted> {
    let mut hired: ArrayItems<u32> = args.array(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    let whole = hired;
    hired.try_for_each(|number| number.map(|_| ()))?;
    Ok(whole)
}
