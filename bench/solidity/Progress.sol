// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U32, U40, field, load} from "./Words.sol";

// The progress of an agreement, in one word, and a second one once a worker has resigned. Rust: agreement/src/state.rs.

// Slot of the progress.
uint256 constant PROGRESS = 0;
// Slot of the ticks from the start until each worker resigned: 32 bits for each, worker 0 in the lowest.
uint256 constant LEFT = 2 << 248;

/// The progress of an agreement.
type Progress is uint256;

using Steps for Progress global;

library Steps {
    uint256 internal constant SETTLED = 1;
    uint256 internal constant VOID = 2;

    function read() internal view returns (Progress) {
        return Progress.wrap(load(PROGRESS));
    }

    /// Tick of the first accept; 0 = none yet.
    function start(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 0, U40);
    }

    function seed(Progress self) internal pure returns (bytes16) {
        return bytes16(uint128(Progress.unwrap(self) >> 40));
    }

    /// Who accepted: bit i stands for worker i.
    function accepted(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 168, 0xff);
    }

    function hasAccepted(Progress self, uint256 index) internal pure returns (bool) {
        return (accepted(self) >> index) & 1 == 1;
    }

    /// 0 = open, else settled or void.
    function closed(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 176, 0xff);
    }

    /// Who resigned: bit i stands for worker i.
    function resigned(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 184, 0xff);
    }

    function hasResigned(Progress self, uint256 index) internal pure returns (bool) {
        return (resigned(self) >> index) & 1 == 1;
    }

    /// Who was absent and is settled already: bit i stands for worker i.
    function released(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 192, 0xff);
    }

    /// Whether the slots of all workers are free.
    function freed(Progress self) internal pure returns (bool) {
        return field(Progress.unwrap(self), 200, 0xff) != 0;
    }

    /// Ticks from start to end since the client cancelled; 0 = those of the terms.
    function length(Progress self) internal pure returns (uint256) {
        return field(Progress.unwrap(self), 208, U32);
    }

    function withStart(Progress self, uint256 tick, bytes16 seed_) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | tick | (uint256(uint128(seed_)) << 40));
    }

    function withAccepted(Progress self, uint256 index) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (1 << (168 + index)));
    }

    function withClosed(Progress self, uint256 kind) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (kind << 176));
    }

    function withResigned(Progress self, uint256 index) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (1 << (184 + index)));
    }

    function withReleased(Progress self, uint256 absent) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (absent << 192));
    }

    function withFreed(Progress self) internal pure returns (Progress) {
        return Progress.wrap(Progress.unwrap(self) | (1 << 200));
    }

    function withLength(Progress self, uint256 ticks) internal pure returns (Progress) {
        return Progress.wrap((Progress.unwrap(self) & ~(U32 << 208)) | (ticks << 208));
    }
}
