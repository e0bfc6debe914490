// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {Layout, MAX_REDUNDANCY, Rules} from "./Layout.sol";
import {Agreement, Lifecycle} from "./Lifecycle.sol";
import {Places} from "./Places.sol";
import {Receipts} from "./Receipts.sol";
import {Shares, SharesOf, half, putHalf, twelfths} from "./Shares.sol";
import {U32, calldataHash, calldataSpot, calldataWord, max, min, poke, reserve} from "./Words.sol";

/// What all reports of a call are checked against.
struct Basis {
    Agreement self;
    Shares shares;
    uint256 redundancy;
    uint256 pool;
    uint256 probes;
    /// Memory address of the places that hold the seats, and their number.
    uint256 seats;
    uint256 count;
    /// Ticks of a window, the first tick of the last window, and ticks from start to end unless all leave earlier.
    uint256 size;
    uint256 last;
    uint256 planned;
    /// The worker of the entry before: its index, its account, and the ticks for which it is judged.
    uint256 index;
    address account;
    uint256 judged;
    /// The probes that are due in the window of the entry before.
    uint256 due;
    /// Memory addresses of the words that are hashed (`Receipts`), and of the data of `Reported`.
    uint256 hashes;
    uint256 log;
}

/// What testers measured, each once, after the end. A tester reports for itself, or signs its report so that anyone can
/// post it. Rust: agreement/src/reports.rs.
abstract contract Reports is Lifecycle {
    using Layout for uint256;

    /// Bytes of a signed report before its entries, and of an entry without and with a receipt.
    uint256 private constant REPORT = 102;
    uint256 private constant ENTRY = 8;
    uint256 private constant SIGNED_ENTRY = 72;
    /// The most bytes of the data of `Reported`, with space to write a word at the end.
    uint256 private constant LOG = 3 * 32 + 4 * MAX_REDUNDANCY * 21 + 32;

    function report(uint32 place, bytes32 salt, bytes calldata entries) external {
        Basis memory basis = _open();
        (bytes memory refusal, address tester) = _holder(basis, place);
        if (refusal.length == 0) {
            if (tester != msg.sender) revert NotTheTester(place, msg.sender);
            refusal = _take(basis, tester, place, salt, entries);
        }
        if (refusal.length != 0) {
            assembly ("memory-safe") {
                revert(add(refusal, 32), mload(refusal))
            }
        }
        basis.shares.save();
    }

    function reportBatch(bytes calldata reports) external {
        unchecked {
            Basis memory basis = _open();
            if (reports.length == 0) revert NothingReported();
            uint256 before = basis.shares.copy();
            uint256 next;
            for (uint256 offset; offset < reports.length; offset = next) {
                uint256 spot = calldataSpot(reports) + offset;
                uint256 head = calldataWord(spot);
                next = offset + REPORT + (head >> 240);
                if (next > reports.length) revert BadBatch(uint32(offset));
                uint256 place = (head >> 208) & U32;
                bytes memory refusal = _takeSigned(basis, place, spot, reports[offset + REPORT:next]);
                if (refusal.length == 0) {
                    basis.shares.copyTo(before);
                } else {
                    basis.shares.restore(before);
                    emit ReportSkipped(uint32(place), bytes4(refusal));
                }
            }
            basis.shares.save();
        }
    }

    /// Loads the agreement. Reverts unless testers may report.
    function _open() private view returns (Basis memory basis) {
        unchecked {
            Agreement memory self = _load();
            _requireState(self, State.Reporting);
            _read(basis, self);
            basis.shares.keep();
            Rules rules = self.terms.rules();
            (basis.pool, basis.probes) = (rules.pool(), rules.probes());
            basis.size = self.head.windowLength();
            basis.last = basis.size * (self.head.windows() - 1);
            basis.planned = _planned(self);
            basis.index = type(uint256).max;
            basis.hashes = Receipts.words();
            basis.log = reserve(LOG);
        }
    }

    /// Loads the seats and the shares.
    function _read(Basis memory basis, Agreement memory self) private view {
        basis.self = self;
        basis.redundancy = self.terms.redundancy();
        (basis.seats, basis.count) = _draw(self);
        basis.shares = SharesOf.read(self.head, basis.redundancy);
    }

    /// The tester at a place that has not reported, or why there is none.
    function _holder(Basis memory basis, uint256 place) private view returns (bytes memory refusal, address tester) {
        if (place >= basis.pool) {
            return (abi.encodeWithSelector(PlaceOutOfRange.selector, place, basis.pool), tester);
        }
        if (_hasReported(basis, place)) return (abi.encodeWithSelector(AlreadyReported.selector, place), tester);
        tester = _tester(basis.self, place);
    }

    /// Whether a place has reported on any worker in any of its seats.
    function _hasReported(Basis memory basis, uint256 place) private pure returns (bool) {
        unchecked {
            uint256 spot = basis.seats;
            for (uint256 left = basis.count; left != 0;) {
                uint256 lanes = min(left, Places.LANES);
                uint256 found = Places.find(spot, place) >> (256 - 32 * lanes) << (256 - 32 * lanes);
                while (found != 0) {
                    uint256 lane = Places.lane(found);
                    if (_isTold(basis, basis.count - left + lane)) return true;
                    found ^= (1 << 255) >> (32 * lane);
                }
                left -= lanes;
                spot += 32;
            }
            return false;
        }
    }

    /// Whether a seat has reported on any worker.
    function _isTold(Basis memory basis, uint256 position) private pure returns (bool) {
        unchecked {
            (uint256 words, uint256 lane) = (basis.shares.words, basis.shares.lane);
            for (uint256 index; index < basis.redundancy; ++index) {
                if (half(words, position) != 0) return true;
                position += lane;
            }
            return false;
        }
    }

    /// As `_take`, for the report of a batch at calldata offset `spot`, if its tester signed it.
    function _takeSigned(Basis memory basis, uint256 place, uint256 spot, bytes calldata entries)
        private
        returns (bytes memory refusal)
    {
        unchecked {
            address tester;
            (refusal, tester) = _holder(basis, place);
            if (refusal.length != 0) return refusal;
            bytes32 salt = bytes32(calldataWord(spot + 6));
            bytes32 hash = Receipts.report(basis.hashes, place, salt, calldataHash(entries));
            address signer = Receipts.signer(basis.hashes, hash, spot + 38);
            if (signer != tester) return abi.encodeWithSelector(NotTheTester.selector, place, signer);
            return _take(basis, tester, place, salt, entries);
        }
    }

    /// Checks a report, puts its shares into `basis` and emits `Reported`; or returns why not, and then the shares are
    /// of no use.
    function _take(Basis memory basis, address tester, uint256 place, bytes32 salt, bytes calldata entries)
        private
        returns (bytes memory refusal)
    {
        unchecked {
            Receipts.begin(basis.hashes, tester, salt);
            uint256 spot = calldataSpot(entries);
            uint256 end_ = spot + entries.length;
            uint256 to = basis.log + 96;
            uint256 least;
            for (uint256 number; spot < end_; ++number) {
                uint256 head = calldataWord(spot);
                uint256 next = spot + (uint8(head >> 224) == 0 ? ENTRY : SIGNED_ENTRY);
                if (next > end_ || head >> 240 < least) return abi.encodeWithSelector(BadEntry.selector, number);
                uint256 seat;
                (refusal, seat) = _check(basis, number, head, place);
                if (refusal.length != 0) return refusal;
                if (!_isServed(basis, head, spot)) {
                    return abi.encodeWithSelector(BadReceipt.selector, number);
                }
                _put(basis, seat, head);
                poke(to, head & (U32 << 224));
                to += 4;
                least = (head >> 240) + 1;
                spot = next;
            }
            if (entries.length == 0) return abi.encodeWithSelector(NothingReported.selector);
            _emitReported(basis.log, to, tester, place);
        }
    }

    /// Checks the numbers of an entry, which begins with `head`, and returns the number of its seat among all.
    function _check(Basis memory basis, uint256 number, uint256 head, uint256 place)
        private
        pure
        returns (bytes memory refusal, uint256 seat)
    {
        unchecked {
            uint256 index = head >> 248;
            uint256 made = uint8(head >> 232);
            if (index >= basis.redundancy || uint8(head >> 224) > made || made > basis.probes) {
                return (abi.encodeWithSelector(BadEntry.selector, number), 0);
            }
            if (index != basis.index) {
                basis.index = index;
                basis.account = basis.self.terms.worker(index).account();
                basis.judged = _judged(basis.self, index);
            }
            uint256 window = uint8(head >> 240);
            uint256 first = basis.size * window;
            uint256 judged = basis.judged;
            if (first > basis.last || first >= judged) {
                return (abi.encodeWithSelector(WindowOutOfRange.selector, number, window), 0);
            }
            uint256 testers_ = basis.shares.testers;
            seat = window * testers_;
            uint256 lane = _seat(basis.seats + Places.SIZE * seat, testers_, place);
            if (lane == testers_) return (abi.encodeWithSelector(NoSeat.selector, number, window), 0);
            seat += lane;
            uint256 end_ = first == basis.last ? basis.planned : min(first + basis.size, basis.planned);
            bool cut = judged < end_;
            basis.due = cut ? max(basis.probes * (judged - first) / (end_ - first), 1) : basis.probes;
            uint256 needed = cut ? (basis.due + 1) >> 1 : (2 * basis.probes + 2) / 3;
            if (made < needed) {
                return (abi.encodeWithSelector(TooFewProbes.selector, number, made, needed), 0);
            }
        }
    }

    /// The seat of a place in the window whose `testers_` places begin at `spot`, or `testers_`.
    function _seat(uint256 spot, uint256 testers_, uint256 place) private pure returns (uint256 seat) {
        unchecked {
            seat = Places.lane(Places.find(spot, place));
            // A window has at most 15 seats.
            if (seat >= Places.LANES) seat += Places.lane(Places.find(spot + 32, place));
            return min(seat, testers_);
        }
    }

    /// Whether the entry at calldata offset `spot` has a receipt of its worker, or needs none.
    function _isServed(Basis memory basis, uint256 head, uint256 spot) private view returns (bool) {
        unchecked {
            uint256 served = uint8(head >> 224);
            if (served == 0) return true;
            uint256 parts = uint32(head >> 192);
            if (!Receipts.covers(parts, served)) return false;
            bytes32 hash = Receipts.receipt(basis.hashes, uint8(head >> 240), parts);
            return Receipts.signer(basis.hashes, hash, spot + ENTRY) == basis.account;
        }
    }

    /// Puts the share of an entry and, if it is higher, the best share of its window.
    function _put(Basis memory basis, uint256 seat, uint256 head) private pure {
        unchecked {
            Shares memory shares = basis.shares;
            uint256 words = shares.words;
            uint256 start = shares.lane * (head >> 248);
            uint256 served = uint8(head >> 224);
            putHalf(words, start + seat, 0, twelfths(served, uint8(head >> 232)) + 1);
            uint256 position = start + shares.seats + uint8(head >> 240);
            uint256 before = half(words, position);
            uint256 best = twelfths(served, max(uint8(head >> 232), basis.due)) + 1;
            if (best > before) putHalf(words, position, before, best);
        }
    }

    /// Emits `Reported` with the findings from `data` + 96 to `to`.
    function _emitReported(uint256 data, uint256 to, address tester, uint256 place) private {
        bytes32 topic = Reported.selector;
        assembly ("memory-safe") {
            let size := sub(sub(to, data), 96)
            mstore(data, place)
            mstore(add(data, 32), 64)
            mstore(add(data, 64), size)
            log2(data, add(96, and(add(size, 31), not(31))), topic, tester)
        }
    }

    function reported(uint32 place) external view returns (bool) {
        Basis memory basis;
        _read(basis, _load());
        return _hasReported(basis, place);
    }
}
