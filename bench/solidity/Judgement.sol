// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {Layout, MAX_REDUNDANCY, Rules, termsSize} from "./Layout.sol";
import {Agreement, Lifecycle} from "./Lifecycle.sol";
import {Medians} from "./Medians.sol";
import {Money} from "./Money.sol";
import {Places} from "./Places.sol";
import {Steps} from "./Progress.sol";
import {Shares, SharesOf, WHOLE, half, halves} from "./Shares.sol";
import {min, peek, poke, reserve} from "./Words.sol";

/// A settlement of workers, or the end of their work.
struct Conclusion {
    /// The workers that are settled, and those whose slots become free, as bits.
    uint256 settled;
    uint256 freed;
    bool last;
    /// Wei that the dispatcher gets.
    uint256 amount;
}

/// Settlement of an agreement: computes medians, pay and fees and sends all wei to the dispatcher in one call. The
/// calldata is written in place, without a copy. Rust: agreement/src/settlement.rs and agreement/src/dispatcher.rs.
abstract contract Judgement is Lifecycle {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, of a `Fee`, and of a record: a place and the address of its fee.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant FEE = 3 * 32;
    uint256 private constant RECORD = 2 * 32;
    /// The most seats in one agreement; slots of the hash table of records, of which at least one stays free.
    uint256 private constant MAX_SEATS = 63;
    uint256 private constant SLOTS = 64;

    /// Working data of a settlement; all fields except the shares are memory addresses.
    struct Context {
        Shares shares;
        /// For each seat, window by window, the address of the record of its place.
        uint256 seats;
        /// Hash table from place to the address of its record, 0 = free; linear probing.
        uint256 slots;
        /// Address of the next record.
        uint256 nextRecord;
        /// Addresses of the first fee and of the next one.
        uint256 fees;
        uint256 nextFee;
    }

    function settle(uint32[] calldata hints) external {
        unchecked {
            if (hints.length > MAX_REDUNDANCY) revert MalformedCall(1);
            Agreement memory self = _load();
            _requireState(self, State.Due);
            bool isVoid = self.progress.start() == 0;
            _save(self.progress.withClosed(isVoid ? Steps.VOID : Steps.SETTLED));
            emit Closed(isVoid ? State.Void : State.Settled);
            _conclude(self, Conclusion(_unsettled(self), _occupied(self), true, address(this).balance), hints);
        }
    }

    /// Writes the call to `conclude` and sends it.
    function _conclude(Agreement memory self, Conclusion memory how, uint32[] calldata hints) internal {
        unchecked {
            uint256 size = termsSize(self.terms.redundancy());
            Context memory context;
            if (how.last) _prepare(self, context);
            uint256 lists = RESULT * MAX_REDUNDANCY + FEE * MAX_SEATS + 32 * MAX_REDUNDANCY;
            uint256 data = reserve(4 + 11 * 32 + size + 32 + lists);
            uint256 args = data + 4;
            uint256 results = args + 8 * 32 + ((size + 31) & ~uint256(31)) + 32;
            uint256 count;
            for (uint256 left = how.settled; left != 0; left &= left - 1) ++count;
            context.fees = results + RESULT * count + 32;
            context.nextFee = context.fees;

            poke(data, uint256(uint32(IWorkerDispatcher.conclude.selector)) << 224);
            poke(args, 7 * 32);
            poke(args + 32, how.settled);
            poke(args + 64, how.freed);
            poke(args + 96, how.last ? 1 : 0);
            poke(args + 128, results - 32 - args);
            poke(args + 160, context.fees - 32 - args);
            poke(args + 7 * 32, size);
            uint256 terms = self.terms;
            assembly ("memory-safe") {
                mcopy(add(args, 256), terms, size)
            }
            poke(results - 32, count);
            for (uint256 index; index < MAX_REDUNDANCY; ++index) {
                if ((how.settled >> index) & 1 == 0) continue;
                _judgeWorker(self, context, index, results);
                results += RESULT;
            }
            poke(context.fees - 32, (context.nextFee - context.fees) / FEE);
            uint256 end_ = context.nextFee;
            poke(args + 192, end_ - args);
            poke(end_, hints.length);
            for (uint256 i; i < hints.length; ++i) poke(end_ += 32, hints[i]);
            _send(self.terms.dispatcher(), how.amount, data, end_ + 32);
        }
    }

    /// Sends the call in memory from `data` to `end_`.
    function _send(address dispatcher, uint256 amount, uint256 data, uint256 end_) private {
        bool taken;
        assembly ("memory-safe") {
            taken := call(gas(), dispatcher, amount, data, sub(end_, data), 0, 0)
        }
        if (!taken) revert SettlementFailed();
    }

    /// Loads the reports; if there are any, draws all seats and finds the record of each of their places.
    function _prepare(Agreement memory self, Context memory context) private view {
        unchecked {
            context.shares = SharesOf.read(self.head, self.terms.redundancy());
            if (!context.shares.any()) return;
            (uint256 places, uint256 count) = _draw(self);
            uint256 slots = reserve(SLOTS << 5);
            assembly ("memory-safe") {
                calldatacopy(slots, calldatasize(), shl(5, 64))
            }
            uint256 to = reserve(count << 5);
            (context.seats, context.slots) = (to, slots);
            context.nextRecord = reserve(RECORD * count);
            for (uint256 end_ = to + (count << 5); to < end_; to += 32) {
                poke(to, _record(context, Places.get(places)));
                places += Places.SIZE;
            }
        }
    }

    /// The address of the record of a place; creates it if there is none.
    function _record(Context memory context, uint256 place) private pure returns (uint256 record) {
        unchecked {
            uint256 slots = context.slots;
            uint256 slot = place << 5;
            while (true) {
                slot &= (SLOTS - 1) << 5;
                record = peek(slots + slot);
                if (record == 0) break;
                if (peek(record) == place) return record;
                slot += 32;
            }
            record = context.nextRecord;
            context.nextRecord = record + RECORD;
            poke(slots + slot, record);
            poke(record, place);
            poke(record + 32, 0);
        }
    }

    /// Judges a worker by the reports on it and writes its `WorkerResult` to `result`.
    function _judgeWorker(Agreement memory self, Context memory context, uint256 index, uint256 result) private pure {
        unchecked {
            uint256 record = self.terms.worker(index);
            poke(result, uint256(uint160(record.account())));
            if (!self.progress.hasAccepted(index)) {
                for (uint256 spot = 32; spot < RESULT; spot += 32) poke(result + spot, 0);
                return;
            }
            uint256 price_ = record.price();
            uint256 fee = self.terms.rules().fee(self.head, price_);
            uint256 bond = self.head.bond(price_);
            uint256 judged = _judged(self, index);
            (uint256 all, uint256 paid, uint256 counts) = _count(self, context, index, judged, fee);
            uint256 promised = record.promised();
            uint256 finished = _finished(self, judged);
            bool resigned = self.progress.hasResigned(index);
            uint256 whole = WHOLE * uint64(all);
            uint256 slash = Money.missed(bond * judged / self.head.length(), promised, all >> 128, whole);
            if (resigned) slash += Money.tenth(bond);
            poke(result + 32, Money.pay(price_, finished, promised, uint64(paid >> 64), WHOLE * uint64(paid)));
            poke(result + 64, min(slash, bond));
            poke(result + 96, uint64(counts) * fee);
            poke(result + 128, 1);
            poke(result + 160, resigned ? 1 : 0);
            poke(result + 192, judged);
            poke(result + 224, counts >> 64);
            poke(result + 256, whole == 0 ? 0 : uint64(all >> 64) * Money.BPS / whole);
        }
    }

    /// The ticks of the windows that were finished after `judged` ticks.
    function _finished(Agreement memory self, uint256 judged) private pure returns (uint256) {
        unchecked {
            if (judged == _planned(self)) return judged;
            uint256 size = self.head.windowLength();
            return min(judged / size, _windows(self) - 1) * size;
        }
    }

    /// Judges the windows of one worker, and pays `fee` to every seat near their medians. Sums up, in 64 bits each from
    /// the lowest on: the ticks, ticks × share, and ticks × the share that no seat contradicts, of `all` known windows
    /// and of the finished ones, which are `paid`; and the seats paid and the known windows.
    function _count(Agreement memory self, Context memory context, uint256 index, uint256 judged, uint256 fee)
        private
        pure
        returns (uint256 all, uint256 paid, uint256 counts)
    {
        unchecked {
            Shares memory shares = context.shares;
            uint256 size = self.head.windowLength();
            uint256 planned = _planned(self);
            uint256 last = size * (self.head.windows() - 1);
            uint256 position = shares.lane * index;
            uint256 best = shares.bestPosition(index, 0);
            uint256 bits = 4 * shares.testers;
            uint256 seat = context.seats;
            for (uint256 first; first < judged; first += size) {
                uint256 row = halves(shares.words, position) >> (256 - bits);
                if (row != 0) {
                    (uint256 share, uint256 near, uint256 count) = Medians.of_(row);
                    counts += _payNear(context, seat, row, bits, near, fee) + (1 << 64);
                    uint256 end_ = first == last ? planned : min(first + size, planned);
                    uint256 sure = count < 2 ? WHOLE : half(shares.words, best) - 1;
                    uint256 sums = (min(end_, judged) - first) * (1 | (share << 64) | (sure << 128));
                    all += sums;
                    if (judged >= end_) paid += sums;
                }
                if (first == last) break;
                position += bits >> 2;
                seat += bits << 3;
                ++best;
            }
        }
    }

    /// Pays `fee` to the seats of a window, from address `seat` on, whose half byte in `row` is in `near`. Returns how
    /// many they are.
    function _payNear(Context memory context, uint256 seat, uint256 row, uint256 bits, uint256 near, uint256 fee)
        private
        pure
        returns (uint256 count)
    {
        unchecked {
            for (; bits != 0; seat += 32) {
                bits -= 4;
                if ((near >> ((row >> bits) & 15)) & 1 == 0) continue;
                ++count;
                _pay(context, peek(seat), fee);
            }
        }
    }

    /// Adds the fee of one seat to the place with this record.
    function _pay(Context memory context, uint256 record, uint256 fee) private pure {
        unchecked {
            uint256 known = peek(record + 32);
            if (known == 0) {
                known = context.nextFee;
                context.nextFee = known + FEE;
                poke(record + 32, known);
                poke(known, peek(record));
                poke(known + 32, fee);
                poke(known + 64, 1);
            } else {
                poke(known + 32, peek(known + 32) + fee);
                poke(known + 64, peek(known + 64) + 1);
            }
        }
    }
}
