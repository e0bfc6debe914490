// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWorkAgreement, State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {tickAt} from "./Chain.sol";
import {Draw} from "./Draw.sol";
import {CODE_PREFIX, Head, Layout, MAX_REDUNDANCY, PROXY, termsSize} from "./Layout.sol";
import {Places} from "./Places.sol";
import {LEFT, PROGRESS, Progress, Steps} from "./Progress.sol";
import {U32, load, max, min, peek, reserve, store} from "./Words.sol";

/// One agreement: its terms and its progress.
struct Agreement {
    /// Memory address of its terms, and the times and sizes in them.
    uint256 terms;
    Head head;
    Progress progress;
    /// The ticks from the start until each worker resigned; read only if one did.
    uint256 left;
}

/// The state of an agreement at a tick, its seats, and checks of the caller. Rust: agreement/src/state.rs and
/// `muster_protocol::lifecycle`.
abstract contract Lifecycle is IWorkAgreement {
    using Layout for uint256;

    /// Loads the terms from the proxy's own code and the progress from storage.
    function _load() internal view returns (Agreement memory self) {
        unchecked {
            uint256 size;
            assembly ("memory-safe") {
                size := extcodesize(address())
            }
            uint256 code = reserve(size + 32);
            assembly ("memory-safe") {
                extcodecopy(address(), code, 0, size)
            }
            uint256 terms = code + PROXY;
            uint256 redundancy = terms.redundancy();
            bool genuine = peek(code) >> 176 == CODE_PREFIX && size == PROXY + termsSize(redundancy);
            if (!genuine || redundancy > MAX_REDUNDANCY) revert NotAnAgreement(msg.sender);
            self.terms = terms;
            self.head = terms.head();
            self.progress = Steps.read();
            if (self.progress.resigned() != 0) self.left = load(LEFT);
        }
    }

    function _save(Progress progress_) internal {
        store(PROGRESS, Progress.unwrap(progress_));
    }

    /// The current tick of the market's clock.
    function _now(Agreement memory self) internal view returns (uint256) {
        return tickAt(self.terms.inSeconds());
    }

    /// Ticks from start to end, unless all workers leave earlier.
    function _planned(Agreement memory self) internal pure returns (uint256 ticks) {
        ticks = self.progress.length();
        if (ticks == 0) ticks = self.head.length();
    }

    /// Number of windows until the planned end.
    function _windows(Agreement memory self) internal pure returns (uint256) {
        unchecked {
            uint256 ticks = self.progress.length();
            uint256 windows = self.head.windows();
            if (ticks == 0) return windows;
            uint256 size = self.head.windowLength();
            return min((ticks + size - 1) / size, windows);
        }
    }

    /// Ticks from start to end: if everybody who accepted has resigned, until the last one did and the time to accept
    /// is over.
    function _length(Agreement memory self) internal pure returns (uint256) {
        unchecked {
            uint256 planned = _planned(self);
            uint256 gone = self.progress.resigned();
            if (gone == 0 || self.progress.accepted() != gone) return planned;
            uint256 end_ = _lastAccept(self) + 1 - self.progress.start();
            for (uint256 left = self.left; left != 0; left >>= 32) end_ = max(end_, left & U32);
            return min(end_, planned);
        }
    }

    /// The ticks from the start until which worker `index` is judged; 0 if it did not accept.
    function _judged(Agreement memory self, uint256 index) internal pure returns (uint256 ticks) {
        unchecked {
            if (!self.progress.hasAccepted(index)) return 0;
            ticks = _length(self);
            if (self.progress.hasResigned(index)) ticks = min(ticks, (self.left >> (32 * index)) & U32);
        }
    }

    /// The workers that are not settled, as bits.
    function _unsettled(Agreement memory self) internal pure returns (uint256) {
        unchecked {
            return ((1 << self.terms.redundancy()) - 1) & ~self.progress.released();
        }
    }

    /// The workers that did not accept and are not settled, as bits.
    function _absent(Agreement memory self) internal pure returns (uint256) {
        return _unsettled(self) & ~self.progress.accepted();
    }

    /// The workers whose slots are not free, as bits.
    function _occupied(Agreement memory self) internal pure returns (uint256) {
        return self.progress.freed() ? 0 : _unsettled(self);
    }

    /// The last tick in which a worker may accept.
    function _lastAccept(Agreement memory self) internal pure returns (uint256) {
        unchecked {
            return self.terms.purchased() + self.head.acceptWindow();
        }
    }

    /// The first tick after the agreement; 0 before the first accept.
    function _end(Agreement memory self) internal pure returns (uint256) {
        unchecked {
            uint256 start = self.progress.start();
            return start == 0 ? 0 : start + _length(self);
        }
    }

    /// The state at tick `now_`.
    function _state(Agreement memory self, uint256 now_) internal pure returns (State) {
        unchecked {
            uint256 closed = self.progress.closed();
            if (closed != 0) return closed == Steps.SETTLED ? State.Settled : State.Void;
            if (self.progress.start() == 0) return now_ > _lastAccept(self) ? State.Due : State.Offered;
            uint256 end_ = _end(self);
            if (now_ < end_) return State.Running;
            return now_ < end_ + self.head.reportWindow() ? State.Reporting : State.Due;
        }
    }

    /// Reverts unless the agreement is in the state `wanted`. Returns the current tick.
    function _requireState(Agreement memory self, State wanted) internal view returns (uint256 now_) {
        now_ = _now(self);
        State state_ = _state(self, now_);
        if (state_ != wanted) revert WrongState(state_);
    }

    /// The index of the worker that calls.
    function _callingWorker(Agreement memory self) internal view returns (uint256 index) {
        unchecked {
            uint256 redundancy = self.terms.redundancy();
            for (; index < redundancy; ++index) {
                if (self.terms.worker(index).account() == msg.sender) return index;
            }
            revert NotAWorker(msg.sender);
        }
    }

    /// Draws the seats of all windows: the memory address of their places (`Places`), window by window, and how many
    /// they are.
    function _draw(Agreement memory self) internal pure returns (uint256 seats, uint256 count) {
        unchecked {
            if (self.progress.start() == 0) return (0, 0);
            uint256 testers_ = self.head.testers();
            uint256 windows = _windows(self);
            count = windows * testers_;
            seats = Places.reserve_(count);
            uint256 sorted = reserve(testers_ << 5);
            uint256 pool = self.terms.rules().pool();
            bytes16 seed = self.progress.seed();
            uint256 to = seats;
            for (uint256 window; window < windows; ++window) {
                for (uint256 seat; seat < testers_; ++seat) {
                    to = Places.put(to, Draw.place(seed, window, seat, pool, sorted));
                }
            }
        }
    }

    /// The account at a place of the agreement's tester list.
    function _tester(Agreement memory self, uint256 place) internal view returns (address) {
        bytes4 selector = IWorkerDispatcher.testerAt.selector;
        return address(uint160(_callDispatcher(self, selector, self.terms.rules().epoch(), place)));
    }

    /// Calls a view of the dispatcher with two argument words and returns the first word of its answer.
    function _callDispatcher(Agreement memory self, bytes4 selector, uint256 first, uint256 second)
        internal
        view
        returns (uint256 word)
    {
        address dispatcher = self.terms.dispatcher();
        bool answered;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 4), first)
            mstore(add(data, 36), second)
            answered := and(staticcall(gas(), dispatcher, data, 68, 0, 32), 1)
            answered := and(answered, gt(returndatasize(), 31))
            word := mload(0)
        }
        if (!answered) revert SettlementFailed();
    }
}
