// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {Draw} from "./Draw.sol";
import {Layout, MAX_REDUNDANCY, Rules, termsSize} from "./Layout.sol";
import {Agreement, Life} from "./Life.sol";
import {Money} from "./Money.sol";
import {Lanes, LanesOf, Steps, seenSlot} from "./Progress.sol";
import {load, min, peek, poke, reserve} from "./Words.sol";

/// The end: seats become verdicts, verdicts become pay, and all wei go to the dispatcher in one call; the
/// twin of agreement/src/settlement.rs. The call is written where it is sent from: nothing is copied.
abstract contract Judgement is Life {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, of a `Fee`, and of a record: a place, where its fee is, and what it reported.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant FEE = 3 * 32;
    uint256 private constant RECORD = 4 * 32;
    /// The most seats in one agreement; rooms in the table of records, one of which always stays free.
    uint256 private constant MAX_SEATS = 63;
    uint256 private constant ROOMS = 64;

    /// What is at hand while workers are judged; all but the counts are addresses in memory.
    struct Desk {
        uint256 windows;
        uint256 testers;
        Lanes lanes;
        /// For each seat, window by window, where the record of its place is.
        uint256 seats;
        /// Records by place: where each one is, 0 = free. Places that meet move up.
        uint256 rooms;
        /// Where the next record comes.
        uint256 nextRecord;
        /// Where the first fee is, and where the next one comes.
        uint256 fees;
        uint256 nextFee;
    }

    function settle(uint32[] calldata hints) external {
        unchecked {
            if (hints.length > MAX_REDUNDANCY) revert MalformedCall(1);
            Agreement memory self = _load();
            _expect(self, State.Due);
            bool isVoid = self.progress.start() == 0;
            _save(self.progress.withClosed(isVoid ? Steps.VOID : Steps.SETTLED));
            emit Closed(isVoid ? State.Void : State.Settled);
            _conclude(self, hints);
        }
    }

    /// Writes the call that hands everything over, and sends it.
    function _conclude(Agreement memory self, uint32[] calldata hints) private {
        unchecked {
            uint256 redundancy = self.terms.redundancy();
            uint256 size = termsSize(redundancy);
            Desk memory desk = _lay(self);
            uint256 data = reserve(4 + 8 * 32 + size + 32 + RESULT * MAX_REDUNDANCY + FEE * MAX_SEATS + 32 * MAX_REDUNDANCY);
            uint256 args = data + 4;
            uint256 results = args + 5 * 32 + ((size + 31) & ~uint256(31));
            desk.fees = results + 32 + RESULT * redundancy + 32;
            desk.nextFee = desk.fees;

            poke(data, uint256(uint32(IWorkerDispatcher.conclude.selector)) << 224);
            poke(args, 4 * 32);
            poke(args + 32, results - args);
            poke(args + 64, desk.fees - 32 - args);
            poke(args + 4 * 32, size);
            uint256 terms = self.terms;
            assembly ("memory-safe") {
                mcopy(add(args, 160), terms, size)
            }
            poke(results, redundancy);
            for (uint256 index; index < redundancy; ++index) {
                _judge(self, desk, index, results + 32 + RESULT * index);
            }
            poke(desk.fees - 32, (desk.nextFee - desk.fees) / FEE);
            uint256 end_ = desk.nextFee;
            poke(args + 96, end_ - args);
            poke(end_, hints.length);
            for (uint256 i; i < hints.length; ++i) poke(end_ += 32, hints[i]);
            _send(self.terms.dispatcher(), data, end_ + 32);
        }
    }

    /// Hands over all wei with the call from `data` to `end_`.
    function _send(address dispatcher, uint256 data, uint256 end_) private {
        bool taken;
        assembly ("memory-safe") {
            taken := call(gas(), dispatcher, selfbalance(), data, sub(end_, data), 0, 0)
        }
        if (!taken) revert SettlementFailed();
    }

    /// Draws the seats of all windows and fetches what their places reported, each once.
    function _lay(Agreement memory self) private view returns (Desk memory desk) {
        unchecked {
            if (self.progress.start() == 0) return desk;
            uint256 testers = self.head.testers();
            uint256 windows = _windows(self);
            uint256 sorted = reserve(testers << 5);
            uint256 to = reserve((testers * windows) << 5);
            uint256 rooms = reserve(ROOMS << 5);
            assembly ("memory-safe") {
                calldatacopy(rooms, calldatasize(), shl(5, 64))
            }
            (desk.windows, desk.testers, desk.seats, desk.rooms) = (windows, testers, to, rooms);
            desk.nextRecord = reserve(RECORD * testers * windows);
            desk.lanes = LanesOf.of_(self.head.windows());
            bool two = desk.lanes.word(self.terms.redundancy() - 1) != 0;
            uint256 pool = self.terms.rules().pool();
            bytes16 seed = self.progress.seed();
            for (uint256 window; window < windows; ++window) {
                for (uint256 seat; seat < testers; ++seat) {
                    poke(to, _record(desk, Draw.place(seed, window, seat, pool, sorted), two));
                    to += 32;
                }
            }
        }
    }

    /// Where the record of a place is, which is made if there is none; of reports of `two` words, or of
    /// one.
    function _record(Desk memory desk, uint256 place, bool two) private view returns (uint256 record) {
        unchecked {
            uint256 rooms = desk.rooms;
            uint256 room = place << 5;
            while (true) {
                room &= (ROOMS - 1) << 5;
                record = peek(rooms + room);
                if (record == 0) break;
                if (peek(record) == place) return record;
                room += 32;
            }
            record = desk.nextRecord;
            desk.nextRecord = record + RECORD;
            poke(rooms + room, record);
            poke(record, place);
            poke(record + 32, 0);
            poke(record + 64, load(seenSlot(place, 0)));
            if (two) poke(record + 96, load(seenSlot(place, 1)));
        }
    }

    /// Judges one worker by every window that counts for it, and writes what it earned and lost to `result`.
    function _judge(Agreement memory self, Desk memory desk, uint256 index, uint256 result) private pure {
        unchecked {
            uint256 record = self.terms.worker(index);
            poke(result, uint256(uint160(record.account())));
            if (!self.progress.hasAccepted(index)) {
                for (uint256 spot = 32; spot < RESULT; spot += 32) poke(result + spot, 0);
                return;
            }
            uint256 after_ = self.progress.resignedAfter(index);
            uint256 windows = after_ == 0 ? desk.windows : min(after_ - 1, desk.windows);
            uint256 price = record.price();
            Rules rules = self.terms.rules();
            uint256 fee = rules.fee(self.head, price);
            uint256 bond = rules.bond(self.head, price);
            (uint256 served, uint256 failed, uint256 sure, uint256 paid) = _count(desk, index, windows, fee);
            uint256 ticks = self.head.ticks(windows);
            uint256 promised = record.promised();
            uint256 slash = Money.missed(bond * ticks / self.head.length(), promised, served + failed, sure);
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

    /// Counts the verdicts of the first `windows` windows for one worker, and pays `fee` to every seat that
    /// agrees.
    function _count(Desk memory desk, uint256 index, uint256 windows, uint256 fee)
        private
        pure
        returns (uint256 served, uint256 failed, uint256 sure, uint256 paid)
    {
        unchecked {
            uint256 size = desk.testers << 5;
            uint256 seat = desk.seats;
            uint256 word = 64 + (desk.lanes.word(index) << 5);
            uint256 bit = desk.lanes.start(index);
            uint256 half = desk.lanes.half();
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
                        if (ayes == 0 && noes > 1) ++sure;
                    } else {
                        ++served;
                    }
                    paid += fails ? noes : ayes;
                    uint256 wanted = fails ? mask - 1 : mask;
                    for (; seat < end_; seat += 32) {
                        uint256 record = peek(seat);
                        if ((peek(record + word) >> bit) & mask == wanted) _pay(desk, record, fee);
                    }
                }
                seat = end_;
                ++bit;
            }
        }
    }

    /// How many of the seats from `seat` to `end_` say checked, in the upper half, and served, by the bits of
    /// `mask`, moved up by `bit`, of a word of their records.
    function _votes(uint256 seat, uint256 end_, uint256 word, uint256 bit, uint256 mask)
        private
        pure
        returns (uint256 votes)
    {
        unchecked {
            for (; seat < end_; seat += 32) votes += (peek(peek(seat) + word) >> bit) & mask;
        }
    }

    /// Pays one seat of the place with this record.
    function _pay(Desk memory desk, uint256 record, uint256 fee) private pure {
        unchecked {
            uint256 known = peek(record + 32);
            if (known == 0) {
                known = desk.nextFee;
                desk.nextFee = known + FEE;
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
