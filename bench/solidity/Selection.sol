// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Order, Quote, Reason} from "../../abi/IWorkerDispatcher.sol";
import {tickAt} from "./Chain.sol";
import {HEAD, LOADER, Layout, MAX_REDUNDANCY, PROXY, WORKER} from "./Layout.sol";
import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {Accounts, Book, Books, Identities, TESTER_LISTS} from "./State.sol";
import {Testers} from "./Testers.sol";
import {U32, load, max, min, peek, poke, reserve} from "./Words.sol";

/// The workers selected for an order.
struct Selected {
    uint256 redundancy;
    uint256 length;
    /// Ticks of one window, rounded down.
    uint256 windowLength;
    /// The epoch whose tester list counts, and how many places of it.
    uint256 epoch;
    uint256 pool;
    /// Wei that the agreement must hold.
    uint256 escrow;
    /// Memory address of the agreement's terms, with space in front for the rest of its init code; the workers'
    /// records are already written.
    uint256 terms;
    /// Memory address of number and bond of each worker, two words each.
    uint256 parties;
}

/// Checks an order and selects its workers, for quotes and purchases. Rust: dispatcher/src/selection.rs and
/// `muster_protocol::order`.
abstract contract Selection is Testers {
    using Layout for uint256;

    /// The most book entries that a purchase scans; the most windows and seats of an agreement; the most testers
    /// of a window.
    uint256 private constant SCAN_LIMIT = 64;
    uint256 private constant MAX_WINDOWS = 21;
    uint256 private constant MAX_SEATS = 63;
    uint256 private constant MAX_TESTERS = 15;
    /// The fewest windows of a tested order that lasts twice the shortest length or more.
    uint256 private constant MIN_WINDOWS = 4;

    /// The order behind `buyContract(redundancy, length)`, with the testers that are listed at tick `now_`.
    function _defaultOrder(uint256 redundancy, uint256 length, uint256 now_)
        internal
        view
        returns (Order memory order)
    {
        order.redundancy = redundancy;
        order.length = length;
        order.minUptime = 9_000;
        order.windows = 1;
        if (load(TESTER_LISTS | _epochAt(now_)) >= MIN_POOL) {
            if (length <= U32) order.windows = uint8(max(min(length / MIN_WINDOW, MIN_WINDOWS), 1));
            order.testers = 3;
        }
    }

    /// An empty list of hired workers.
    function _noWorkers() internal pure returns (uint32[] calldata none) {
        assembly ("memory-safe") {
            none.offset := 0
            none.length := 0
        }
    }

    /// Selects the workers of an order at tick `now_`: the hired ones, or the cheapest that satisfy it.
    function _selectWorkers(Order memory order, bool hiring, uint32[] calldata hired, uint256 now_)
        internal
        view
        returns (Reason, Selected memory chosen)
    {
        unchecked {
            Reason reason = _validate(order, chosen, now_);
            if (reason != Reason.None) return (reason, chosen);
            Book all = Books.read(order.application);
            if (all.registered() == 0) return (Reason.ApplicationUnknown, chosen);
            chosen.epoch = _epochAt(now_);
            if (order.testers != 0) {
                chosen.pool = load(TESTER_LISTS | chosen.epoch);
                if (chosen.pool < max(MIN_POOL, order.testers)) return (Reason.NotEnoughTesters, chosen);
            }
            uint256 count = chosen.redundancy;
            if (hiring && hired.length != count) return (Reason.Redundancy, chosen);
            // A record is written as two words, which reach past the end of the last record.
            chosen.terms = reserve(LOADER + PROXY + HEAD + WORKER * count + 32) + LOADER + PROXY;
            chosen.parties = reserve(count << 6);
            reason = hiring ? _hire(order, chosen, hired) : _scan(order, chosen, all.head());
            return (reason, chosen);
        }
    }

    /// Checks the numbers of an order: the first reason that applies, in the order of that enum.
    function _validate(Order memory order, Selected memory chosen, uint256 now_) private view returns (Reason) {
        unchecked {
            uint256 windows = order.windows;
            uint256 testers = order.testers;
            if (order.redundancy == 0 || order.redundancy > MAX_REDUNDANCY) return Reason.Redundancy;
            if (order.length < MIN_LENGTH || order.length > MAX_AGREEMENT) return Reason.Length;
            if (windows == 0 || windows > MAX_WINDOWS) return Reason.Windows;
            uint256 windowLength = order.length / windows;
            if (windowLength < MIN_WINDOW) return Reason.Windows;
            bool few = testers != 0 && windows < MIN_WINDOWS;
            if (few && order.length >> 1 >= MIN_LENGTH) return Reason.Windows;
            if (testers == 0) {
                if (windows != 1) return Reason.Testers;
            } else {
                bool odd = testers & 1 == 1 && testers >= 3 && testers <= MAX_TESTERS;
                if (!odd || windows * testers > MAX_SEATS) return Reason.Testers;
            }
            if (order.application == TESTER) return Reason.NotForSale;
            if (order.expiry != 0 && now_ > order.expiry) return Reason.Expired;
            (chosen.redundancy, chosen.length, chosen.windowLength) = (order.redundancy, order.length, windowLength);
            return Reason.None;
        }
    }

    /// Selects the cheapest workers that satisfy the order, from `order.start` or the head of the book.
    function _scan(Order memory order, Selected memory chosen, uint256 head) private view returns (Reason) {
        unchecked {
            (bool named,) = _listed(order.start, order.application);
            uint256 number = named ? order.start : head;
            uint256 found;
            for (uint256 looked; looked < SCAN_LIMIT && number != 0; ++looked) {
                Offer offer = Offers.read(number);
                if (_satisfies(number, offer, order)) {
                    if (!_addTerms(number, offer, order, chosen, found)) return Reason.PriceOverflow;
                    if (++found == chosen.redundancy) return Reason.None;
                }
                number = offer.next();
            }
            return Reason.NotEnoughWorkers;
        }
    }

    /// Selects exactly the hired workers; they must be listed and their numbers must ascend.
    function _hire(Order memory order, Selected memory chosen, uint32[] calldata hired) private view returns (Reason) {
        unchecked {
            uint256 minNumber = 1;
            for (uint256 i; i < hired.length; ++i) {
                uint256 number = hired[i];
                (bool listed, Offer offer) = _listed(number, order.application);
                if (number < minNumber || !listed || !_satisfies(number, offer, order)) return Reason.WorkerUnfit;
                minNumber = number + 1;
                if (!_addTerms(number, offer, order, chosen, i)) return Reason.PriceOverflow;
            }
            return Reason.None;
        }
    }

    /// Whether a worker satisfies an order.
    function _satisfies(uint256 number, Offer offer, Order memory order) private view returns (bool) {
        return offer.maxLength() >= order.length && offer.promised() >= order.minUptime
            && (order.minScore == 0 || _score(number) >= order.minScore);
    }

    /// Writes the terms of worker `index`. Returns false if its part of the escrow reaches the price limit.
    function _addTerms(uint256 number, Offer offer, Order memory order, Selected memory chosen, uint256 index)
        private
        view
        returns (bool)
    {
        unchecked {
            (uint256 price, uint256 fee) = (offer.price(), 0);
            if (order.testers != 0) fee = Money.fee(price, chosen.windowLength, TESTER_FEE_BPS, MIN_TESTER_FEE);
            uint256 seats = uint256(order.windows) * order.testers;
            uint256 escrow = price * chosen.length + fee * seats;
            if (escrow >= Money.PRICE_LIMIT) return false;
            chosen.escrow += escrow;
            uint256 bond = Money.bond(price, chosen.length, BOND_BPS, MIN_BOND);
            address account = Identities.read(number).account();
            uint256 misses = Accounts.read(account).misses();
            chosen.terms.worker(index).putWorker(account, price, offer.promised(), misses);
            uint256 party = chosen.parties + (index << 6);
            poke(party, number);
            poke(party + 32, bond);
            return true;
        }
    }

    /// The accounts of the selected workers.
    function _accounts(Selected memory chosen) internal pure returns (address[] memory accounts) {
        accounts = new address[](chosen.redundancy);
        for (uint256 i; i < accounts.length; ++i) accounts[i] = chosen.terms.worker(i).account();
    }

    /// The quote for an order at tick `now_`.
    function _quote(Order memory order, bool hiring, uint32[] calldata hired, uint256 now_)
        private
        view
        returns (Quote memory q)
    {
        Selected memory chosen;
        (q.reason, chosen) = _selectWorkers(order, hiring, hired, now_);
        (q.windows, q.testers) = (order.windows, order.testers);
        if (q.reason != Reason.None) return q;
        q.price = uint128(chosen.escrow);
        q.start = uint32(peek(chosen.parties));
        q.workers = _accounts(chosen);
    }

    function quote(uint256 redundancy, uint256 length) external view returns (Quote memory) {
        uint256 now_ = tickAt(SECONDS);
        return _quote(_defaultOrder(redundancy, length, now_), false, _noWorkers(), now_);
    }

    function quote(Order calldata order) external view returns (Quote memory) {
        return _quote(order, false, _noWorkers(), tickAt(SECONDS));
    }

    function quote(Order calldata order, uint32[] calldata hired) external view returns (Quote memory) {
        if (hired.length > MAX_REDUNDANCY) revert MalformedCall(10);
        return _quote(order, true, hired, tickAt(SECONDS));
    }
}
