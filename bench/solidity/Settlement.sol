// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Fee, WorkerResult} from "../../abi/IWorkerDispatcher.sol";
import {Head, LOADER, Layout, MAX_CODE, PROXY, Rules} from "./Layout.sol";
import {Money} from "./Money.sol";
import {Offer, Offers} from "./Offers.sol";
import {Purchase} from "./Purchase.sol";
import {Reputation} from "./Reputation.sol";
import {Account, Accounts, placeSlot} from "./State.sol";
import {less, load, min, poke, reserve} from "./Words.sol";

/// Settles an agreement: credits, bonds and reputations. Only a genuine agreement may call `conclude`; its code is
/// `WorkAgreement`, so its numbers are trusted. Rust: dispatcher/src/settlement.rs.
abstract contract Settlement is Purchase {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, and of a `TesterResult`.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant TESTED = 3 * 32;

    /// Running sums of a settlement, and memory addresses of its event.
    struct Sum {
        uint256 refund;
        uint256 compensation;
        uint256 burned;
        uint256 terms;
        Head head;
        Rules rules;
        uint256 results;
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
            uint256 data = _begin(sum, workers, fees.length);
            for (uint256 i; i < workers.length; ++i) {
                bool hinted = i < hints.length;
                _releaseWorker(sum, i, workers[i], hinted, hinted ? hints[i] : 0);
            }
            _payTesters(sum, fees);
            _credit(sum.terms.client(), sum.refund + sum.compensation);
            if (sum.burned != 0) emit Burned(msg.sender, uint128(sum.burned));
            _emitSettled(sum, data, sum.tested + TESTED * fees.length);
        }
    }

    /// Lays out the data of `AgreementSettled` with the results as received.
    function _begin(Sum memory sum, WorkerResult[] calldata workers, uint256 fees)
        private
        pure
        returns (uint256 data)
    {
        unchecked {
            uint256 size = RESULT * workers.length;
            data = reserve(6 * 32 + size + TESTED * fees);
            uint256 results = data + 5 * 32;
            sum.results = results;
            sum.tested = results + size + 32;
            poke(data + 64, 4 * 32);
            poke(data + 96, 5 * 32 + size);
            poke(data + 128, workers.length);
            poke(results + size, fees);
            assembly ("memory-safe") {
                calldatacopy(results, workers.offset, size)
            }
        }
    }

    /// Emits `AgreementSettled`, whose data is from `data` to `end`.
    function _emitSettled(Sum memory sum, uint256 data, uint256 end) private {
        poke(data, sum.refund);
        unchecked {
            poke(data + 32, sum.compensation);
        }
        bytes32 topic = AgreementSettled.selector;
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

    /// Releases a worker's slot and the rest of its bond, updates its reputation and its listing, and credits its
    /// pay.
    function _releaseWorker(Sum memory sum, uint256 index, WorkerResult calldata result, bool hinted, uint256 hint)
        private
    {
        unchecked {
            uint256 record = sum.terms.worker(index);
            address worker = record.account();
            uint256 price = record.price();
            uint256 bond = sum.rules.bond(sum.head, price);
            Account account = Accounts.read(worker);
            // An absence counts once, even if it shows in several agreements.
            bool missed = !result.accepted && account.misses() == record.misses();
            uint256 slash;
            if (missed) {
                account = account.withMiss();
                slash = Money.tenth(bond);
            } else if (result.accepted) {
                slash = min(result.slash, bond);
            }
            account = account.released(bond).unstaked(slash);
            account.write(worker);
            _updateReputation(sum.head, sum.rules.fee(sum.head, price), worker, account.number(), result, missed);
            _relistWorker(worker, account, missed, hinted, hint);

            poke(sum.results + RESULT * index + 64, slash);
            uint256 paid = result.pay;
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

    /// Updates a worker's reputation by the fees paid to its testers; an absence and a resignation weigh as much as
    /// the fees in escrow.
    function _updateReputation(
        Head head,
        uint256 fee,
        address worker,
        uint256 number,
        WorkerResult calldata result,
        bool missed
    ) private {
        unchecked {
            uint256 windows = head.windows();
            uint256 whole = Reputation.weight(fee * windows * head.testers(), UNIT);
            if (!result.accepted) {
                _addWeight(worker, number, 0, missed ? whole : 0);
                return;
            }
            uint256 said = Reputation.weight(result.fees, UNIT);
            (uint256 served, uint256 failed) = (result.served, result.failed);
            uint256 bad = Reputation.part(said, failed, served + failed);
            if (result.resigned) bad += Reputation.part(whole, windows - result.windows, windows);
            _addWeight(worker, number, Reputation.part(said, served, served + failed), bad);
        }
    }
}
