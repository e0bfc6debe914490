// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {Draw} from "./Draw.sol";
import {Layout, MAX_REDUNDANCY, Rules, termsSize} from "./Layout.sol";
import {Agreement, Lifecycle} from "./Lifecycle.sol";
import {Money} from "./Money.sol";
import {ReportLayout, ReportLayouts, Steps, reportSlot} from "./Progress.sol";
import {load, min, peek, poke, reserve} from "./Words.sol";

/// Settlement of an agreement: computes verdicts, pay and fees and sends all wei to the dispatcher in one call. The
/// calldata is written in place, without a copy. Rust: agreement/src/settlement.rs.
abstract contract Judgement is Lifecycle {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, of a `Fee`, and of a record: a place, the address of its fee, and its report.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant FEE = 3 * 32;
    uint256 private constant RECORD = 4 * 32;
    /// The most seats in one agreement; slots of the hash table of records, of which at least one stays free.
    uint256 private constant MAX_SEATS = 63;
    uint256 private constant SLOTS = 64;

    /// Working data of a settlement; all fields except the counts and the lanes are memory addresses.
    struct Context {
        uint256 windows;
        uint256 testers;
        ReportLayout lanes;
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
            _conclude(self, hints);
        }
    }

    /// Writes the call to `conclude` and sends it.
    function _conclude(Agreement memory self, uint32[] calldata hints) private {
        unchecked {
            uint256 redundancy = self.terms.redundancy();
            uint256 size = termsSize(redundancy);
            Context memory context = _prepare(self);
            uint256 lists = RESULT * MAX_REDUNDANCY + FEE * MAX_SEATS + 32 * MAX_REDUNDANCY;
            uint256 data = reserve(4 + 8 * 32 + size + 32 + lists);
            uint256 args = data + 4;
            uint256 results = args + 5 * 32 + ((size + 31) & ~uint256(31));
            context.fees = results + 32 + RESULT * redundancy + 32;
            context.nextFee = context.fees;

            poke(data, uint256(uint32(IWorkerDispatcher.conclude.selector)) << 224);
            poke(args, 4 * 32);
            poke(args + 32, results - args);
            poke(args + 64, context.fees - 32 - args);
            poke(args + 4 * 32, size);
            uint256 terms = self.terms;
            assembly ("memory-safe") {
                mcopy(add(args, 160), terms, size)
            }
            poke(results, redundancy);
            for (uint256 index; index < redundancy; ++index) {
                _judgeWorker(self, context, index, results + 32 + RESULT * index);
            }
            poke(context.fees - 32, (context.nextFee - context.fees) / FEE);
            uint256 end_ = context.nextFee;
            poke(args + 96, end_ - args);
            poke(end_, hints.length);
            for (uint256 i; i < hints.length; ++i) poke(end_ += 32, hints[i]);
            _send(self.terms.dispatcher(), data, end_ + 32);
        }
    }

    /// Sends the call in memory from `data` to `end_`, with all wei.
    function _send(address dispatcher, uint256 data, uint256 end_) private {
        bool taken;
        assembly ("memory-safe") {
            taken := call(gas(), dispatcher, selfbalance(), data, sub(end_, data), 0, 0)
        }
        if (!taken) revert SettlementFailed();
    }

    /// Draws the seats of all windows and loads the report of each of their places once.
    function _prepare(Agreement memory self) private view returns (Context memory context) {
        unchecked {
            if (self.progress.start() == 0) return context;
            uint256 testers = self.head.testers();
            uint256 windows = _windows(self);
            uint256 sorted = reserve(testers << 5);
            uint256 to = reserve((testers * windows) << 5);
            uint256 slots = reserve(SLOTS << 5);
            assembly ("memory-safe") {
                calldatacopy(slots, calldatasize(), shl(5, 64))
            }
            (context.windows, context.testers, context.seats, context.slots) = (windows, testers, to, slots);
            context.nextRecord = reserve(RECORD * testers * windows);
            context.lanes = ReportLayouts.of_(self.head.windows());
            bool two = context.lanes.word(self.terms.redundancy() - 1) != 0;
            uint256 pool = self.terms.rules().pool();
            bytes16 seed = self.progress.seed();
            for (uint256 window; window < windows; ++window) {
                for (uint256 seat; seat < testers; ++seat) {
                    poke(to, _record(context, Draw.place(seed, window, seat, pool, sorted), two));
                    to += 32;
                }
            }
        }
    }

    /// The address of the record of a place; creates it if there is none. Reports have two words if `two`, else
    /// one.
    function _record(Context memory context, uint256 place, bool two) private view returns (uint256 record) {
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
            poke(record + 64, load(reportSlot(place, 0)));
            if (two) poke(record + 96, load(reportSlot(place, 1)));
        }
    }

    /// Judges one worker by every window that counts for it and writes its `WorkerResult` to `result`.
    function _judgeWorker(Agreement memory self, Context memory context, uint256 index, uint256 result) private pure {
        unchecked {
            uint256 record = self.terms.worker(index);
            poke(result, uint256(uint160(record.account())));
            if (!self.progress.hasAccepted(index)) {
                for (uint256 spot = 32; spot < RESULT; spot += 32) poke(result + spot, 0);
                return;
            }
            uint256 after_ = self.progress.resignedAfter(index);
            uint256 windows = after_ == 0 ? context.windows : min(after_ - 1, context.windows);
            uint256 price = record.price();
            Rules rules = self.terms.rules();
            uint256 fee = rules.fee(self.head, price);
            uint256 bond = rules.bond(self.head, price);
            (uint256 served, uint256 failed, uint256 certain, uint256 paid) = _count(context, index, windows, fee);
            uint256 ticks = self.head.ticks(windows);
            uint256 promised = record.promised();
            uint256 slash = Money.missed(bond * ticks / self.head.length(), promised, served + failed, certain);
            if (after_ != 0) slash += Money.tenth(bond);
            poke(result + 32, Money.pay(price, ticks, promised, served, failed));
            poke(result + 64, min(slash, bond));
            poke(result + 96, paid * fee);
            poke(result + 128, 1);
            poke(result + 160, after_ == 0 ? 0 : 1);
            poke(result + 192, windows);
            poke(result + 224, served);
            poke(result + 256, failed);
        }
    }

    /// Counts the verdicts of the first `windows` windows for one worker, and pays `fee` to every seat of the
    /// majority.
    function _count(Context memory context, uint256 index, uint256 windows, uint256 fee)
        private
        pure
        returns (uint256 served, uint256 failed, uint256 certain, uint256 paid)
    {
        unchecked {
            uint256 size = context.testers << 5;
            uint256 seat = context.seats;
            uint256 word = 64 + (context.lanes.word(index) << 5);
            uint256 bit = context.lanes.start(index);
            uint256 half = context.lanes.half();
            uint256 mask = (1 << half) | 1;
            for (uint256 window; window < windows; ++window) {
                uint256 end_ = seat + size;
                uint256 votes = _votes(seat, end_, word, bit, mask);
                if (votes != 0) {
                    uint256 ayes = votes & 0xffff;
                    uint256 noes = (votes >> half) - ayes;
                    bool fails = noes > ayes;
                    if (fails) {
                        ++failed;
                        if (ayes == 0 && noes > 1) ++certain;
                    } else {
                        ++served;
                    }
                    paid += fails ? noes : ayes;
                    uint256 wanted = fails ? mask - 1 : mask;
                    for (; seat < end_; seat += 32) {
                        uint256 record = peek(seat);
                        if ((peek(record + word) >> bit) & mask == wanted) _pay(context, record, fee);
                    }
                }
                seat = end_;
                ++bit;
            }
        }
    }

    /// Counts, over the seats from `seat` to `end_`, the votes `checked` (upper half) and `served` (lower half): the
    /// bits of `mask`, shifted by `bit`, in one word of their records.
    function _votes(uint256 seat, uint256 end_, uint256 word, uint256 bit, uint256 mask)
        private
        pure
        returns (uint256 votes)
    {
        unchecked {
            for (; seat < end_; seat += 32) votes += (peek(peek(seat) + word) >> bit) & mask;
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
