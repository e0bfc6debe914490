//! The book of an application: its listed workers by ascending price, equal prices in the order of
//! listing. A doubly linked list by number, so removal costs the same at every position.
//!
//! An insertion walks from the worker that the hint names, or from the head if the hint is of no use, at
//! most [`WALK_LIMIT`] steps. A worker whose position is further away stays unlisted and the call
//! succeeds; anyone can list it later with `list`.

use muster_contract_kit::{AbiEncode, Args, Reverted, emit, revert};
use muster_protocol::abi::IWorkerDispatcher::{Listed, NotListable, NotRegistered, Unlisted};
use muster_protocol::{WALK_LIMIT, money};
use stylus_sdk::alloy_primitives::{Address, FixedBytes};

use crate::state::{
    ACCOUNTS, Account, BOOKS, Book, IDENTITIES, Identity, OFFERS, ORDER_RULES, Offer, OrderRules,
};

/// Writes a worker's offer and moves the worker to the position of its price, searched from `hint`; it is
/// unlisted if it does not qualify or the position is not found.
pub(crate) fn relist(number: u32, offer: &Offer, hint: u32) {
    let mut offer = *offer;
    let was_listed = offer.listed;
    if was_listed {
        remove(number, &mut offer);
    }
    OFFERS.set(number, &offer);
    list_if_fits(number, offer, hint, was_listed);
}

/// As [`list_if_fits`], for a worker that was not listed before.
pub(crate) fn try_list(number: u32, offer: Offer, hint: u32) -> bool {
    list_if_fits(number, offer, hint, false)
}

/// Lists an unlisted worker if it qualifies and its position is found. Returns whether it did, and emits
/// `Listed`, or `Unlisted` if it was listed before or its position was not found.
fn list_if_fits(number: u32, offer: Offer, hint: u32, was_listed: bool) -> bool {
    let Identity { account, application, .. } = IDENTITIES.get(number);
    let fits = is_listable(&offer, ACCOUNTS.get(account));
    let listed = fits && insert(number, offer, application, hint);
    if listed {
        emit(&Listed { worker: account });
    } else if fits || was_listed {
        emit(&Unlisted { worker: account });
    }
    listed
}

/// Removes a worker from its book if it no longer qualifies.
pub(crate) fn drop_unfit(number: u32, account: Account) {
    let mut offer = OFFERS.get(number);
    if offer.listed && !is_listable(&offer, account) {
        remove(number, &mut offer);
        OFFERS.set(number, &offer);
        emit(&Unlisted { worker: IDENTITIES.get(number).account });
    }
}

/// Whether a worker may be listed: it is available, below its capacity, and its free stake covers the
/// bond of its longest agreement.
fn is_listable(offer: &Offer, account: Account) -> bool {
    if !offer.available || account.active >= offer.capacity {
        return false;
    }
    let OrderRules { bond_bps, min_bond, .. } = ORDER_RULES.get(());
    let bond = money::bond(offer.price, offer.max_length, bond_bps, min_bond);
    account.stake.saturating_sub(account.locked) >= bond
}

/// The offer of a number, if it is listed in this application's book.
pub(crate) fn listed_offer(number: u32, application: FixedBytes<8>) -> Option<Offer> {
    if number == 0 {
        return None;
    }
    let offer = OFFERS.get(number);
    (offer.listed && IDENTITIES.get(number).application == application).then_some(offer)
}

/// Links a worker into its book at its position. Returns false and changes nothing if the position is more
/// than [`WALK_LIMIT`] steps away.
fn insert(number: u32, mut offer: Offer, application: FixedBytes<8>, hint: u32) -> bool {
    let mut book = BOOKS.get(application);
    let hinted = listed_offer(hint, application).filter(|hinted| hinted.price <= offer.price);
    let (mut prev, mut next) = hinted.map_or((0, book.head), |hinted| (hint, hinted.next));
    let mut steps = 0;
    while next != 0 {
        let candidate = OFFERS.get(next);
        if candidate.price > offer.price {
            break;
        }
        if steps == WALK_LIMIT {
            return false;
        }
        steps = steps.saturating_add(1);
        (prev, next) = (next, candidate.next);
    }
    (offer.prev, offer.next, offer.listed) = (prev, next, true);
    OFFERS.set(number, &offer);
    splice(&mut book, prev, number, number, next);
    book.listed = book.listed.saturating_add(1);
    BOOKS.set(application, &book);
    true
}

/// Unlinks a listed worker from its book. The caller must write `offer`.
pub(crate) fn remove(number: u32, offer: &mut Offer) {
    let application = IDENTITIES.get(number).application;
    let mut book = BOOKS.get(application);
    let (prev, next) = (offer.prev, offer.next);
    splice(&mut book, prev, next, prev, next);
    book.listed = book.listed.saturating_sub(1);
    BOOKS.set(application, &book);
    (offer.prev, offer.next, offer.listed) = (0, 0, false);
}

/// Makes `first` follow `prev`, or become the head if `prev` is 0, and makes `last` precede `next`.
fn splice(book: &mut Book, prev: u32, first: u32, last: u32, next: u32) {
    if prev == 0 {
        book.head = first;
    } else {
        OFFERS.update(prev, |offer| offer.next = first);
    }
    if next != 0 {
        OFFERS.update(next, |offer| offer.prev = last);
    }
}

/// `list(address,uint32)`.
pub(crate) fn list(args: &mut Args) -> Result<(), Reverted> {
    let (worker, hint): (Address, u32) = (args.next()?, args.next()?);
    let number = ACCOUNTS.get(worker).number;
    if number == 0 {
        return Err(revert(&NotRegistered { account: worker }));
    }
    let offer = OFFERS.get(number);
    if offer.listed || !try_list(number, offer, hint) {
        return Err(revert(&NotListable { worker }));
    }
    Ok(())
}

/// `book(bytes8)`.
pub(crate) fn book(args: &mut Args) -> Result<impl AbiEncode + use<>, Reverted> {
    let Book { head, listed, registered } = BOOKS.get(args.next()?);
    Ok((head, listed, registered))
}
