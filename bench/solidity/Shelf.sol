// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {Standing} from "./Standing.sol";
import {Account, Accounts, Book, Books, Identities, Identity} from "./State.sol";

/// The book of an application: its listed workers, cheapest first, equal prices first come first served; the
/// twin of dispatcher/src/book.rs. Words that are at hand are passed along and written once.
abstract contract Shelf is Standing {
    /// The most list entries that an insertion walks over.
    uint256 private constant WALK_LIMIT = 16;

    /// Writes a worker's offer and puts it where it then belongs: behind `hint`, by its price, or nowhere.
    function _replace(uint256 number, Offer offer, Account account, Identity identity, uint256 hint) internal {
        bytes8 application = identity.application();
        Book all = Books.read(application);
        bool was = offer.listed();
        if (was) (offer, all) = _taken(offer, all);
        bool listed;
        (offer, all, listed) = _place(number, offer, account, all, identity, hint, was);
        offer.write(number);
        if (was || listed) all.write(application);
    }

    /// Lists an unlisted worker that fits, if its place is found, and tells whether it did.
    function _tryList(uint256 number, Offer offer, Account account, uint256 hint) internal returns (bool listed) {
        if (!_fits(offer, account)) return false;
        Identity identity = Identities.read(number);
        bytes8 application = identity.application();
        Book all = Books.read(application);
        (offer, all, listed) = _place(number, offer, account, all, identity, hint, false);
        if (listed) {
            offer.write(number);
            all.write(application);
        }
    }

    /// Puts a worker that fits into its place, if that is found; says so, or that it has left the one it had.
    /// The caller writes offer and book.
    function _place(
        uint256 number,
        Offer offer,
        Account account,
        Book all,
        Identity identity,
        uint256 hint,
        bool was
    ) internal returns (Offer, Book, bool listed) {
        bool fits = _fits(offer, account);
        if (fits) (offer, all, listed) = _link(number, offer, all, identity.application(), hint);
        if (listed) emit Listed(identity.account());
        else if (fits || was) emit Unlisted(identity.account());
        return (offer, all, listed);
    }

    /// Takes a worker out of its book that no longer fits.
    function _dropUnfit(uint256 number, Account account, address worker) internal {
        Offer offer = Offers.read(number);
        if (offer.listed() && !_fits(offer, account)) _drop(number, offer, worker);
    }

    /// Writes the offer of a listed worker, which leaves its book.
    function _drop(uint256 number, Offer offer, address worker) internal {
        bytes8 application = Identities.read(number).application();
        Book all;
        (offer, all) = _taken(offer, Books.read(application));
        offer.write(number);
        all.write(application);
        emit Unlisted(worker);
    }

    /// Whether a worker may stand in the book: it wants work, has room for more, and its free stake covers the
    /// bond of its own longest agreement.
    function _fits(Offer offer, Account account) internal view returns (bool) {
        uint256 bond = Money.bond(offer.price(), offer.maxLength(), BOND_BPS, MIN_BOND);
        return offer.available() && account.active() < offer.capacity() && account.free() >= bond;
    }

    /// Whether a number stands in this application's book, and its offer.
    function _listed(uint256 number, bytes8 application) internal view returns (bool, Offer offer) {
        if (number == 0) return (false, offer);
        offer = Offers.read(number);
        return (offer.listed() && Identities.read(number).application() == application, offer);
    }

    /// Walks to the worker's place and links its neighbours to it. False, and nothing changed, if that is too
    /// far.
    function _link(uint256 number, Offer offer, Book all, bytes8 application, uint256 hint)
        private
        returns (Offer, Book, bool)
    {
        unchecked {
            uint256 price = offer.price();
            uint256 next = all.head();
            uint256 prev;
            Offer before;
            if (hint != number) {
                (bool known, Offer hinted) = _listed(hint, application);
                if (known && hinted.price() <= price) (prev, before, next) = (hint, hinted, hinted.next());
            }
            Offer behind;
            for (uint256 steps; next != 0; ++steps) {
                behind = Offers.read(next);
                if (behind.price() > price) break;
                if (steps == WALK_LIMIT) return (offer, all, false);
                (prev, before, next) = (next, behind, behind.next());
            }
            if (prev == 0) all = all.withHead(number);
            else before.withNext(number).write(prev);
            if (next != 0) behind.withPrev(number).write(next);
            return (offer.placed(prev, next), all.withListed(), true);
        }
    }

    /// Takes a listed worker out of its book and joins its neighbours. The caller writes offer and book.
    function _taken(Offer offer, Book all) private returns (Offer, Book) {
        (uint256 prev, uint256 next) = (offer.prev(), offer.next());
        if (prev == 0) all = all.withHead(next);
        else Offers.read(prev).withNext(next).write(prev);
        if (next != 0) Offers.read(next).withPrev(prev).write(next);
        return (offer.unplaced(), all.withUnlisted());
    }

    function list(address worker, uint32 hint) external unlocked {
        Account account = Accounts.read(worker);
        uint256 number = account.number();
        if (number == 0) revert NotRegistered(worker);
        Offer offer = Offers.read(number);
        if (offer.listed() || !_tryList(number, offer, account, hint)) revert NotListable(worker);
    }

    function book(bytes8 application) external view returns (uint32 head, uint32 listed, uint32 registered) {
        Book all = Books.read(application);
        return (uint32(all.head()), uint32(all.listed()), uint32(all.registered()));
    }
}
