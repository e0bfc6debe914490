// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IWorkAgreement, State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {tickAt} from "./Chain.sol";
import {CODE_PREFIX, HEAD, Head, Layout, MAX_REDUNDANCY, PROXY, termsSize} from "./Layout.sol";
import {PROGRESS, Progress, Steps} from "./Progress.sol";
import {peek, reserve, store} from "./Words.sol";

/// One agreement: its terms and its progress.
struct Agreement {
    /// Memory address of its terms, and the times and sizes in them.
    uint256 terms;
    Head head;
    Progress progress;
}

/// The state of an agreement at a tick, and checks of the caller. Rust: agreement/src/state.rs.
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
        }
    }

    function _save(Progress progress_) internal {
        store(PROGRESS, Progress.unwrap(progress_));
    }

    /// The current tick of the market's clock.
    function _now(Agreement memory self) internal view returns (uint256) {
        return tickAt(self.terms.inSeconds());
    }

    /// How many windows are judged.
    function _windows(Agreement memory self) internal pure returns (uint256 windows) {
        windows = self.progress.shortened();
        if (windows == 0) windows = self.head.windows();
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
            return start == 0 ? 0 : start + self.head.ticks(_windows(self));
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
