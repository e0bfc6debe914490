// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fee, WorkerResult} from "../../abi/IWorkerDispatcher.sol";
import {Head, LOADER, Layout, MAX_CODE, PROXY, Rules} from "./Layout.sol";
import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {Purchase} from "./Purchase.sol";
import {Reputation} from "./Reputation.sol";
import {Account, Accounts, placeSlot} from "./State.sol";
import {less, load, min, peek, poke, reserve} from "./Words.sol";

/// Settles an agreement: credits, bonds and reputations. Only a genuine agreement may call `conclude`; its code is
/// `WorkAgreement`, so its numbers are trusted. Rust: dispatcher/src/settlement.rs.
abstract contract Settlement is Purchase {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, and of a `TesterResult`.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant TESTED = 3 * 32;

    /// Running sums of a settlement, and memory addresses of its event: the results, with five words in front of them,
    /// the next result, and the testers.
    struct Sum {
        uint256 refund;
        uint256 compensation;
        uint256 burned;
        uint256 terms;
        Head head;
        Rules rules;
        uint256 results;
        uint256 next;
        uint256 tested;
    }

    /// Reserves memory for terms of `size` bytes behind the init code that they belong to.
    function _reserveTerms(uint256 size) private view returns (uint256 terms, uint256 init) {
        unchecked {
            terms = reserve(LOADER + PROXY + size + 32) + LOADER + PROXY;
            init = terms.putProxy(AGREEMENT, size);
        }
    }

    /// Whether `account` is the agreement with this init code, by its CREATE2 address.
    function _isGenuine(address account, uint256 init, uint256 size) private view returns (bool) {
        bytes32 hash;
        assembly ("memory-safe") {
            hash := keccak256(init, add(size, 55))
        }
        bytes32 made = keccak256(abi.encodePacked(hex"ff", address(this), bytes32(0), hash));
        return address(uint160(uint256(made))) == account;
    }

    function isAgreement(address account) external view returns (bool) {
        unchecked {
            uint256 size = min(account.code.length, MAX_CODE);
            if (size < PROXY) return false;
            (uint256 terms, uint256 init) = _reserveTerms(size - PROXY);
            assembly ("memory-safe") {
                extcodecopy(account, terms, 45, sub(size, 45))
            }
            return _isGenuine(account, init, size - PROXY);
        }
    }

    function conclude(
        bytes calldata terms,
        uint8 settled,
        uint8 freed,
        bool last,
        WorkerResult[] calldata workers,
        Fee[] calldata fees,
        uint32[] calldata hints
    ) external payable unlocked {
        unchecked {
            Sum memory sum;
            uint256 init;
            (sum.terms, init) = _reserveTerms(terms.length);
            uint256 to = sum.terms;
            assembly ("memory-safe") {
                calldatacopy(to, terms.offset, terms.length)
            }
            if (!_isGenuine(msg.sender, init, terms.length)) revert NotAnAgreement(msg.sender);
            (sum.head, sum.rules) = (sum.terms.head(), sum.terms.rules());
            sum.refund = msg.value;
            _begin(sum, workers, fees.length);
            uint256 redundancy = sum.terms.redundancy();
            for (uint256 i; i < redundancy; ++i) {
                bool hinted = i < hints.length;
                uint256 hint = hinted ? hints[i] : 0;
                bool frees = (freed >> i) & 1 == 1;
                if ((settled >> i) & 1 == 1) _settleWorker(sum, i, frees, hinted, hint);
                else if (frees) _freeSlot(sum.terms.worker(i).account(), hinted, hint);
            }
            if (last) _payTesters(sum, fees);
            _credit(sum.terms.client(), sum.refund + sum.compensation);
            if (sum.burned != 0) emit Burned(msg.sender, uint128(sum.burned));
            if (last) _emitSettled(sum, sum.tested + TESTED * fees.length);
            else if (settled != 0) _emitReleased(sum);
        }
    }

    /// Lays out the data of the event with the results as received.
    function _begin(Sum memory sum, WorkerResult[] calldata workers, uint256 fees) private pure {
        unchecked {
            uint256 size = RESULT * workers.length;
            uint256 results = reserve(6 * 32 + size + TESTED * fees) + 5 * 32;
            (sum.results, sum.next, sum.tested) = (results, results, results + size + 32);
            poke(results - 32, workers.length);
            poke(results + size, fees);
            assembly ("memory-safe") {
                calldatacopy(results, workers.offset, size)
            }
        }
    }

    /// Emits `AgreementSettled`, whose data ends at `end`.
    function _emitSettled(Sum memory sum, uint256 end) private {
        unchecked {
            uint256 data = sum.results - 5 * 32;
            poke(data, sum.refund);
            poke(data + 32, sum.compensation);
            poke(data + 64, 4 * 32);
            poke(data + 96, sum.tested - data - 32);
            _emit(AgreementSettled.selector, sum, data, end);
        }
    }

    /// Emits `AbsentReleased`.
    function _emitReleased(Sum memory sum) private {
        unchecked {
            uint256 data = sum.results - 3 * 32;
            poke(data, sum.refund);
            poke(data + 32, 2 * 32);
            _emit(AbsentReleased.selector, sum, data, sum.next);
        }
    }

    /// Emits an event of the calling agreement.
    function _emit(bytes32 topic, Sum memory sum, uint256 data, uint256 end) private {
        address client = sum.terms.client();
        assembly ("memory-safe") {
            log3(data, sub(end, data), topic, caller(), client)
        }
    }

    /// Credits the fees of the testers.
    function _payTesters(Sum memory sum, Fee[] calldata fees) private {
        unchecked {
            uint256 epoch_ = sum.rules.epoch();
            uint256 to = sum.tested;
            for (uint256 i; i < fees.length; ++i) {
                Fee calldata fee = fees[i];
                address account = address(uint160(load(placeSlot(epoch_, fee.place))));
                uint256 amount = fee.amount;
                sum.refund = less(sum.refund, amount);
                _credit(account, amount);
                poke(to, uint160(account));
                poke(to + 32, amount);
                poke(to + 64, fee.seats);
                to += TESTED;
            }
        }
    }

    /// Frees a slot of a worker that is not settled yet.
    function _freeSlot(address worker, bool hinted, uint256 hint) private {
        Account account = Accounts.read(worker).withoutSlot();
        account.write(worker);
        _relistWorker(worker, account, false, hinted, hint);
    }

    /// Settles a worker by the next result: releases the rest of its bond, and its slot if `frees`, updates its
    /// reputation and its listing, and credits its pay.
    function _settleWorker(Sum memory sum, uint256 index, bool frees, bool hinted, uint256 hint) private {
        unchecked {
            uint256 result = sum.next;
            sum.next = result + RESULT;
            uint256 record = sum.terms.worker(index);
            address worker = record.account();
            uint256 price = record.price();
            uint256 bond = sum.head.bond(price);
            Account account = Accounts.read(worker);
            bool accepted = peek(result + 128) != 0;
            // An absence counts once, even if it shows in several agreements.
            bool missed = !accepted && account.misses() == record.misses();
            uint256 slash;
            if (missed) {
                account = account.withMiss();
                slash = Money.tenth(bond);
            } else if (accepted) {
                slash = min(peek(result + 64), bond);
            }
            if (frees) account = account.withoutSlot();
            account = account.released(bond).unstaked(slash);
            account.write(worker);
            if (accepted) _addResult(sum, worker, account.number(), price, result);
            else if (missed) _addWeight(worker, account.number(), 0, Reputation.ONE);
            _relistWorker(worker, account, missed, hinted, hint);

            poke(result + 64, slash);
            uint256 paid = peek(result + 32);
            uint256 back = Money.compensation(slash, paid);
            sum.compensation += back;
            sum.burned += slash - back;
            sum.refund = less(sum.refund, paid);
            _credit(worker, paid);
        }
    }

    /// Removes an absent worker from the book until it sets itself available again; lists any other unlisted worker
    /// if a hint is given. No listed worker becomes unfit here: it gains a slot and free stake.
    function _relistWorker(address worker, Account account, bool missed, bool hinted, uint256 hint) private {
        if (!missed && !hinted) return;
        uint256 number = account.number();
        Offer offer = Offers.read(number);
        if (missed) {
            offer = offer.withAvailable(false);
            emit AvailabilityChanged(worker, false);
            if (offer.listed()) _drop(number, offer, worker);
            else offer.write(number);
        } else if (!offer.listed()) {
            _tryList(number, offer, account, hint);
        }
    }

    /// Updates the reputation of a worker that accepted: by its measured uptime, weighted by the fees paid to its
    /// testers; a resignation also by the fees in escrow for the rest of the agreement.
    function _addResult(Sum memory sum, address worker, uint256 number, uint256 price, uint256 result) private {
        unchecked {
            uint256 said = Reputation.weight(peek(result + 96), UNIT);
            uint256 uptime = peek(result + 256);
            uint256 bad = Reputation.part(said, Money.BPS - uptime, Money.BPS);
            if (peek(result + 160) != 0) {
                Head head = sum.head;
                uint256 fees = sum.rules.fee(head, price) * head.windows() * head.testers();
                uint256 length = head.length();
                bad += Reputation.part(Reputation.weight(fees, UNIT), length - peek(result + 192), length);
            }
            _addWeight(worker, number, Reputation.part(said, uptime, Money.BPS), bad);
        }
    }
}
