//! Selects the workers of an order and computes its price. Reads only; quotes and purchases call the same
//! function, so they cannot differ.

use muster_contract_kit::output::OutputBuffer;
use muster_contract_kit::{AbiArray, AbiEncode, Args, ArrayItems, Reverted, chain};
use muster_protocol::abi::{Clock, Order, Reason, Settings};
use muster_protocol::layout::WorkerTerms;
use muster_protocol::order::{ValidOrder, check, default_order};
use muster_protocol::{MAX_REDUNDANCY, SCAN_LIMIT, money};
use stylus_sdk::alloy_primitives::U256;

use crate::book;
use crate::reputation::current_weights;
use crate::setup::{epoch_at, load_settings};
use crate::state::{ACCOUNTS, BOOKS, IDENTITIES, OFFERS, Offer, TESTER_LISTS};

/// The workers selected for an order.
#[derive(Clone, Copy)]
pub(crate) struct Selection {
    /// The checked order.
    pub(crate) order: ValidOrder,
    /// The epoch whose tester list is drawn from.
    pub(crate) epoch: u32,
    /// Number of places of that list that take part.
    pub(crate) pool: u32,
    /// Numbers of the workers; the first `order.redundancy` are used.
    pub(crate) numbers: [u32; MAX_REDUNDANCY],
    /// Terms of the workers.
    pub(crate) workers: [WorkerTerms; MAX_REDUNDANCY],
    /// The escrow in wei.
    pub(crate) escrow: u128,
}

/// The order behind `buyContract(redundancy, length)`, with the testers that are listed at tick `now`.
pub(crate) fn default_order_at(
    now: u64,
    redundancy: U256,
    length: U256,
    settings: &Settings,
) -> Order {
    let listed = TESTER_LISTS.get(epoch_at(now, settings.epochLength)).len;
    default_order(redundancy, length, settings, listed)
}

/// Selects the workers of an order at tick `now`: the hired ones, or the cheapest that satisfy it.
///
/// # Errors
/// The reason why the order cannot be bought at any price.
pub(crate) fn select_workers(
    order: &Order,
    hired: Option<ArrayItems<u32>>,
    settings: &Settings,
    now: u64,
) -> Result<Selection, Reason> {
    let valid = check(order, settings, now)?;
    let list = BOOKS.get(order.application);
    if list.registered == 0 {
        return Err(Reason::ApplicationUnknown);
    }
    let epoch = epoch_at(now, settings.epochLength);
    let pool = if valid.testers == 0 { 0 } else { TESTER_LISTS.get(epoch).len };
    if valid.testers != 0 && pool < settings.minPool.max(valid.testers.into()) {
        return Err(Reason::NotEnoughTesters);
    }

    let (numbers, workers) = ([0; MAX_REDUNDANCY], [WorkerTerms::default(); MAX_REDUNDANCY]);
    let mut selection = Selection { order: valid, epoch, pool, numbers, workers, escrow: 0 };
    let mut candidates = match hired {
        Some(hired) if hired.len() != usize::from(valid.redundancy) => {
            return Err(Reason::Redundancy);
        }
        Some(hired) => Candidates::Hired { rest: hired, min_number: 1, order },
        None => {
            let named = book::listed_offer(order.start, order.application);
            let next = named.map_or(list.head, |_| order.start);
            Candidates::Listed { next, scan_budget: SCAN_LIMIT }
        }
    };
    let slots = selection.numbers.iter_mut().zip(&mut selection.workers);
    for (number, worker) in slots.take(valid.redundancy.into()) {
        let fitting =
            |(number, offer): &(u32, Offer)| satisfies(*number, offer, order, valid.length);
        let found = match hired {
            Some(_) => candidates.next().filter(fitting).ok_or(Reason::WorkerUnfit),
            None => candidates.find(fitting).ok_or(Reason::NotEnoughWorkers),
        };
        let (candidate, offer) = found?;
        let (terms, escrow) =
            worker_terms(candidate, &offer, &valid, settings).ok_or(Reason::PriceOverflow)?;
        // At most eight amounts below 2^96 cannot saturate.
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

/// A worker's terms and its part of the escrow; `None` if that reaches the limit.
fn worker_terms(
    number: u32,
    offer: &Offer,
    order: &ValidOrder,
    settings: &Settings,
) -> Option<(WorkerTerms, u128)> {
    let Offer { price, promise, .. } = *offer;
    // The escrow counts the fee once for each seat, so an order without testers pays none.
    let fee = money::fee(price, order.window_length, settings.testerFeeBps, settings.minTesterFee);
    let escrow = money::escrow(price, order.length, fee, order.windows, order.testers)?;
    let bond = money::bond(price, order.length, settings.bondBps, settings.minBond);
    let account = IDENTITIES.get(number).account;
    let misses = ACCOUNTS.get(account).misses;
    Some((WorkerTerms { account, price, promise, fee, bond, misses }, escrow))
}

/// The candidates for an order, in the order in which they are tried.
enum Candidates<'a> {
    /// The listed workers from `next` on, in the order of the book.
    Listed {
        /// Number of the next candidate; 0 = none.
        next: u32,
        /// Number of candidates left to scan.
        scan_budget: u32,
    },
    /// The hired workers, as long as they are listed and their numbers ascend.
    Hired {
        /// The numbers left.
        rest: ArrayItems<u32>,
        /// The lowest valid next number.
        min_number: u32,
        /// The order, for its application.
        order: &'a Order,
    },
}

impl Iterator for Candidates<'_> {
    type Item = (u32, Offer);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Listed { next, scan_budget } => {
                let number = *next;
                *scan_budget = scan_budget.checked_sub(1).filter(|_| number != 0)?;
                let offer = OFFERS.get(number);
                *next = offer.next;
                Some((number, offer))
            }
            Self::Hired { rest, min_number, order } => {
                let number = rest.next()?.ok().filter(|number| number >= min_number)?;
                *min_number = number.saturating_add(1);
                Some((number, book::listed_offer(number, order.application)?))
            }
        }
    }
}

/// The return value of `quote`.
pub(crate) struct QuoteReturn {
    /// The order.
    order: Order,
    /// Its selection, or the reason why it cannot be bought.
    selection: Result<Selection, Reason>,
}

impl AbiEncode for QuoteReturn {
    const DYNAMIC: bool = true;

    fn encode(&self, out: &mut OutputBuffer) {
        let (reason, price, start, workers) = match &self.selection {
            Ok(selection) => {
                let [start, ..] = selection.numbers;
                let count = selection.order.redundancy.into();
                (Reason::None, selection.escrow, start, selection.workers.get(..count))
            }
            Err(reason) => (*reason, 0, 0, None),
        };
        let accounts = workers.unwrap_or_default().iter().map(|worker| worker.account);
        let Order { windows, testers, .. } = self.order;
        (reason, price, start, windows, testers, AbiArray(accounts)).encode(out);
    }
}

/// The current tick of a market with these settings.
fn tick(settings: &Settings) -> u64 {
    chain::tick(settings.clock == Clock::Second, chain::l2_block_number)
}

/// The quote for an order.
fn quote_return(
    order: Order,
    hired: Option<ArrayItems<u32>>,
    settings: &Settings,
    now: u64,
) -> (QuoteReturn,) {
    (QuoteReturn { selection: select_workers(&order, hired, settings, now), order },)
}

/// `quote(uint256,uint256)`.
pub(crate) fn quote_default(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    let (redundancy, length) = (args.next()?, args.next()?);
    let settings = load_settings();
    let now = tick(&settings);
    let order = default_order_at(now, redundancy, length, &settings);
    Ok(quote_return(order, None, &settings, now))
}

/// `quote(Order)`.
pub(crate) fn quote(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    let (order, settings) = (args.next()?, load_settings());
    Ok(quote_return(order, None, &settings, tick(&settings)))
}

/// `quote(Order,uint32[])`.
pub(crate) fn quote_hire(args: &mut Args) -> Result<(QuoteReturn,), Reverted> {
    let (order, hired) = (args.next()?, read_hired(args)?);
    let settings = load_settings();
    Ok(quote_return(order, Some(hired), &settings, tick(&settings)))
}

/// Decodes the numbers of the workers to hire. Decodes every value once, so that a malformed word reverts
/// here.
pub(crate) fn read_hired(args: &mut Args) -> Result<ArrayItems<u32>, Reverted> {
    let mut hired: ArrayItems<u32> = args.array(u32::try_from(MAX_REDUNDANCY).unwrap_or(0))?;
    let whole = hired;
    hired.try_for_each(|number| number.map(|_| ()))?;
    Ok(whole)
}
