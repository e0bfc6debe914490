// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {Conclusion, Judgement} from "./Judgement.sol";
import {Layout, MAX_REDUNDANCY, Rules} from "./Layout.sol";
import {Agreement} from "./Lifecycle.sol";
import {LEFT} from "./Progress.sol";
import {max, min, store} from "./Words.sol";

/// The client shortens the agreement, a worker leaves it, and anyone frees what the agreement no longer needs. Rust:
/// agreement/src/early_exit.rs and `muster_protocol::lifecycle`.
abstract contract EarlyExit is Judgement {
    using Layout for uint256;

    function cancel() external {
        Agreement memory self = _load();
        if (msg.sender != self.terms.client()) revert NotTheClient(msg.sender);
        uint256 length = _lengthAfterCancel(self, _elapsed(self));
        if (length >= _length(self)) revert CannotShorten(uint64(_end(self)));
        self.progress = self.progress.withLength(length);
        _save(self.progress);
        emit Cancelled(uint8(_windows(self)), uint64(_end(self)));
    }

    function resign() external {
        Agreement memory self = _load();
        uint256 index = _callingWorker(self);
        if (!self.progress.hasAccepted(index)) revert NotAccepted(msg.sender);
        if (self.progress.hasResigned(index)) revert AlreadyResigned(msg.sender);
        uint256 elapsed = _elapsed(self);
        unchecked {
            if (elapsed != 0) store(LEFT, self.left | (elapsed << (32 * index)));
            _save(self.progress.withResigned(index));
            emit Resigned(msg.sender, uint8(index), uint64(self.progress.start() + elapsed));
        }
    }

    /// The ticks since the start of a running agreement.
    function _elapsed(Agreement memory self) private view returns (uint256) {
        uint256 now_ = _requireState(self, State.Running);
        unchecked {
            return now_ - self.progress.start();
        }
    }

    /// The ticks from start to end after the client cancels, `elapsed` ticks after the start.
    function _lengthAfterCancel(Agreement memory self, uint256 elapsed) internal pure returns (uint256) {
        unchecked {
            uint256 length = self.head.length();
            uint256 shortest = self.terms.rules().minLength();
            if (self.head.testers() == 0) {
                uint256 notice = max(shortest, (length + 7) >> 3);
                return min(max(shortest, elapsed + notice), length);
            }
            (uint256 size, uint256 windows) = (self.head.windowLength(), self.head.windows());
            uint256 least = max((shortest + size - 1) / size, (windows + 7) >> 2);
            uint256 count = max(elapsed / size + 2, least);
            return count < windows ? size * count : length;
        }
    }

    function release(uint32[] calldata hints) external {
        unchecked {
            if (hints.length > MAX_REDUNDANCY) revert MalformedCall(1);
            Agreement memory self = _load();
            (uint256 now_, uint256 last) = (_now(self), _lastAccept(self));
            State state_ = _state(self, now_);
            if (self.progress.start() == 0 || self.progress.closed() != 0) revert WrongState(state_);
            if (now_ <= last) revert TooEarlyToRelease(uint64(now_), uint64(last));
            uint256 absent = _absent(self);
            bool over = state_ != State.Running;
            uint256 freed = over ? _occupied(self) : absent;
            if (absent | freed == 0) revert NothingToRelease();
            self.progress = self.progress.withReleased(absent);
            if (over) self.progress = self.progress.withFreed();
            _save(self.progress);
            emit Released(uint8(absent), uint8(freed));
            _conclude(self, Conclusion(absent, freed, false, _escrow(self, absent)), hints);
        }
    }

    /// The escrow of the workers in `mask`: price and fees of the whole length.
    function _escrow(Agreement memory self, uint256 mask) private pure returns (uint256 sum) {
        unchecked {
            uint256 seats = self.head.windows() * self.head.testers();
            Rules rules = self.terms.rules();
            for (uint256 index; mask != 0; ++index) {
                if (mask & 1 == 1) {
                    uint256 price_ = self.terms.worker(index).price();
                    sum += price_ * self.head.length() + rules.fee(self.head, price_) * seats;
                }
                mask >>= 1;
            }
        }
    }
}
