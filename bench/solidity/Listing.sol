// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {ReputationRecords} from "./ReputationRecords.sol";
import {Account, Accounts, Book, Books, Identities, Identity} from "./State.sol";

/// The book of an application: its listed workers by ascending price, equal prices in the order of listing.
/// Functions pass storage words along and write each of them once. Rust: dispatcher/src/book.rs.
abstract contract Listing is ReputationRecords {
    /// The most book entries that an insertion walks past.
    uint256 private constant WALK_LIMIT = 16;

    /// Writes a worker's offer and moves the worker to its position in the book, searching from `hint`; it stays
    /// unlisted if it does not qualify or its position is too far away.
    function _relist(uint256 number, Offer offer, Account account, Identity identity, uint256 hint) internal {
        bytes8 application = identity.application();
        Book all = Books.read(application);
        bool was = offer.listed();
        if (was) (offer, all) = _taken(offer, all);
        bool listed;
        (offer, all, listed) = _insertListed(number, offer, account, all, identity, hint, was);
        offer.write(number);
        if (was || listed) all.write(application);
    }

    /// Lists an unlisted worker that qualifies, if its position is found. Returns whether it did.
    function _tryList(uint256 number, Offer offer, Account account, uint256 hint) internal returns (bool listed) {
        if (!_isListable(offer, account)) return false;
        Identity identity = Identities.read(number);
        bytes8 application = identity.application();
        Book all = Books.read(application);
        (offer, all, listed) = _insertListed(number, offer, account, all, identity, hint, false);
        if (listed) {
            offer.write(number);
            all.write(application);
        }
    }

    /// Inserts a worker that qualifies at its position, if that is found, and emits `Listed` or `Unlisted`.
    /// The caller writes offer and book.
    function _insertListed(
        uint256 number,
        Offer offer,
        Account account,
        Book all,
        Identity identity,
        uint256 hint,
        bool was
    ) internal returns (Offer, Book, bool listed) {
        bool fits = _isListable(offer, account);
        if (fits) (offer, all, listed) = _link(number, offer, all, identity.application(), hint);
        if (listed) emit Listed(identity.account());
        else if (fits || was) emit Unlisted(identity.account());
        return (offer, all, listed);
    }

    /// Removes a worker from its book if it no longer qualifies.
    function _dropUnfit(uint256 number, Account account, address worker) internal {
        Offer offer = Offers.read(number);
        if (offer.listed() && !_isListable(offer, account)) _drop(number, offer, worker);
    }

    /// Removes a listed worker from its book and writes its offer.
    function _drop(uint256 number, Offer offer, address worker) internal {
        bytes8 application = Identities.read(number).application();
        Book all;
        (offer, all) = _taken(offer, Books.read(application));
        offer.write(number);
        all.write(application);
        emit Unlisted(worker);
    }

    /// Whether a worker may be listed: it is available, below its capacity, and its free stake covers the bond of
    /// its longest agreement.
    function _isListable(Offer offer, Account account) internal view returns (bool) {
        uint256 bond = Money.bond(offer.price(), offer.maxLength(), BOND_BPS, MIN_BOND);
        return offer.available() && account.active() < offer.capacity() && account.free() >= bond;
    }

    /// Whether a number is listed in this application's book, and its offer.
    function _listed(uint256 number, bytes8 application) internal view returns (bool, Offer offer) {
        if (number == 0) return (false, offer);
        offer = Offers.read(number);
        return (offer.listed() && Identities.read(number).application() == application, offer);
    }

    /// Walks to the worker's position and links its neighbours to it. Returns false and changes nothing if the
    /// position is more than `WALK_LIMIT` steps away.
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

    /// Unlinks a listed worker from its book. The caller writes offer and book.
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
