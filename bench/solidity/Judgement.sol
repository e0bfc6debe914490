// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {Draw} from "./Draw.sol";
import {Bond, Layout, MAX_REDUNDANCY, termsSize} from "./Layout.sol";
import {Agreement, Life} from "./Life.sol";
import {Money} from "./Money.sol";
import {Progress, Steps, seenAt, seenSlot} from "./Progress.sol";
import {load, min, peek, poke, reserve} from "./Words.sol";

/// The end: seats become verdicts, verdicts become pay, and all wei go to the dispatcher in one call; the
/// twin of agreement/src/settlement.rs. The call is written where it is sent from: nothing is copied.
abstract contract Judgement is Life {
    using Layout for uint256;

    /// Bytes of a `WorkerResult`, of a `Fee`, and of a seat: its place, and the two words of its report.
    uint256 private constant RESULT = 9 * 32;
    uint256 private constant FEE = 3 * 32;
    uint256 private constant SEAT = 3 * 32;
    /// The most seats in one agreement; rooms in the table of places, one of which always stays free.
    uint256 private constant MAX_SEATS = 63;
    uint256 private constant ROOMS = 64;

    /// What is at hand while workers are judged; all but the counts are addresses in memory.
    struct Desk {
        uint256 seats;
        uint256 windows;
        uint256 testers;
        /// Where the fee of a place is: a word for each room, 0 = free.
        uint256 rooms;
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
            uint256 redundancy = self.head.redundancy();
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

    /// Draws the seats of all windows and fetches what they saw.
    function _lay(Agreement memory self) private view returns (Desk memory desk) {
        unchecked {
            if (self.progress.start() == 0) return desk;
            desk.windows = _windows(self);
            desk.testers = self.head.testers();
            uint256 count = desk.testers * desk.windows;
            desk.seats = reserve(SEAT * count);
            uint256 places = reserve(desk.testers << 6);
            uint256 seat = desk.seats;
            bool wide = self.head.redundancy() > 4;
            for (uint256 window; window < desk.windows; ++window) {
                uint256 sorted = places + (desk.testers << 5);
                Draw.seats(self.progress.seed(), window, desk.testers, self.head.pool(), places, sorted);
                for (uint256 place = places; place < sorted; place += 32) {
                    poke(seat, peek(place));
                    poke(seat + 32, load(seenSlot(peek(place), 0)));
                    poke(seat + 64, wide ? load(seenSlot(peek(place), 1)) : 0);
                    seat += SEAT;
                }
            }
            uint256 rooms = reserve(ROOMS << 5);
            assembly ("memory-safe") {
                calldatacopy(rooms, calldatasize(), shl(5, 64))
            }
            desk.rooms = rooms;
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
            Bond bond = record.bond();
            (uint256 served, uint256 failed, uint256 sure, uint256 paid) = _count(desk, index, windows, bond.fee());
            uint256 ticks = self.head.ticks(windows);
            uint256 atRisk = bond.locked() * ticks / self.head.length();
            uint256 slash = Money.missed(atRisk, bond.promised(), served + failed, sure);
            if (after_ != 0) slash += Money.tenth(bond.locked());
            poke(result + 32, Money.pay(record.price(), ticks, bond.promised(), served, failed));
            poke(result + 64, min(slash, bond.locked()));
            poke(result + 96, paid * bond.fee());
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
            uint256 word = index < 4 ? 32 : 64;
            uint256 size = SEAT * desk.testers;
            uint256 seat = desk.seats;
            for (uint256 window; window < windows; ++window) {
                uint256 spot = seenAt(index) + window;
                uint256 end_ = seat + size;
                (uint256 ayes, uint256 noes) = _votes(seat + word, end_ + word, spot);
                if (ayes + noes != 0) {
                    uint256 wanted = noes > ayes ? 0 : 1;
                    if (wanted == 0) ++failed;
                    else ++served;
                    if (ayes == 0 && noes > 1) ++sure;
                    paid += wanted == 0 ? noes : ayes;
                    for (; seat < end_; seat += SEAT) {
                        uint256 bits = peek(seat + word) >> spot;
                        if ((bits >> 32) & 1 == 1 && bits & 1 == wanted) _pay(desk, peek(seat), fee);
                    }
                }
                seat = end_;
            }
        }
    }

    /// How many of the words from `at` to `end_` say served, and how many failed, by their bits from `bit` on.
    function _votes(uint256 spot, uint256 end_, uint256 bit) private pure returns (uint256 ayes, uint256 noes) {
        unchecked {
            for (; spot < end_; spot += SEAT) {
                uint256 bits = peek(spot) >> bit;
                ayes += bits & 1;
                noes += (bits >> 32) & 1;
            }
            noes -= ayes;
        }
    }

    /// Pays one seat at `place`.
    function _pay(Desk memory desk, uint256 place, uint256 fee) private pure {
        unchecked {
            uint256 room = place;
            while (true) {
                room &= ROOMS - 1;
                uint256 spot = desk.rooms + (room << 5);
                uint256 known = peek(spot);
                if (known == 0) {
                    known = desk.nextFee;
                    desk.nextFee = known + FEE;
                    poke(spot, known);
                    poke(known, place);
                    poke(known + 32, fee);
                    poke(known + 64, 1);
                    return;
                }
                if (peek(known) == place) {
                    poke(known + 32, peek(known + 32) + fee);
                    poke(known + 64, peek(known + 64) + 1);
                    return;
                }
                ++room;
            }
        }
    }
}
