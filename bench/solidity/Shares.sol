// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Head} from "./Layout.sol";
import {load, min, peek, poke, reserve, store} from "./Words.sol";

// The reported shares in storage: half a byte for each seat, and one for the best of each window. Half byte number i is
// in word ⌊i / 64⌋, the first one in the highest bits. A worker has windows × testers of them, seat by seat, then one
// for each window; worker 1 follows worker 0. 0 stands for none, another value for 1 + twelfths. Rust:
// agreement/src/shares.rs.

// Slots of the words, by number.
uint256 constant SHARES = 1 << 248;
// A whole share, in twelfths.
uint256 constant WHOLE = 12;

/// `served` of `of` probes in twelfths, rounded to the nearest, halves up.
function twelfths(uint256 served, uint256 of_) pure returns (uint256) {
    unchecked {
        return min((24 * served + of_) / (2 * of_), WHOLE);
    }
}

/// The shares of one agreement.
struct Shares {
    /// Memory address of the words in use, as they are now and as they are stored.
    uint256 words;
    uint256 stored;
    /// Bytes of the words.
    uint256 size;
    /// Number of testers of each window, and of all seats.
    uint256 testers;
    uint256 seats;
    /// Half bytes of one worker.
    uint256 lane;
}

using SharesOf for Shares global;

library SharesOf {
    /// Loads the shares of an agreement.
    function read(Head head, uint256 redundancy) internal view returns (Shares memory self) {
        unchecked {
            uint256 windows = head.windows();
            self.testers = head.testers();
            self.seats = windows * self.testers;
            self.lane = self.seats + windows;
            self.size = ((self.lane * redundancy + 63) >> 6) << 5;
            // A row of half bytes is read as a whole word, which reaches past the end.
            self.words = reserve(self.size + 32);
            for (uint256 i; i < self.size; i += 32) poke(self.words + i, load(SHARES | (i >> 5)));
        }
    }

    /// Whether there is any report.
    function any(Shares memory self) internal pure returns (bool) {
        unchecked {
            for (uint256 i; i < self.size; i += 32) if (peek(self.words + i) != 0) return true;
            return false;
        }
    }

    /// Copies the words, for `save` to tell which have changed.
    function keep(Shares memory self) internal pure {
        self.stored = copy(self);
    }

    /// A copy of the words.
    function copy(Shares memory self) internal pure returns (uint256 to) {
        to = reserve(self.size);
        copyTo(self, to);
    }

    /// Copies the words to `to`.
    function copyTo(Shares memory self, uint256 to) internal pure {
        (uint256 from, uint256 size) = (self.words, self.size);
        assembly ("memory-safe") {
            mcopy(to, from, size)
        }
    }

    /// Replaces the words by a copy of them.
    function restore(Shares memory self, uint256 from) internal pure {
        (uint256 to, uint256 size) = (self.words, self.size);
        assembly ("memory-safe") {
            mcopy(to, from, size)
        }
    }

    /// Stores the words that have changed.
    function save(Shares memory self) internal {
        unchecked {
            for (uint256 i; i < self.size; i += 32) {
                uint256 word = peek(self.words + i);
                if (word != peek(self.stored + i)) store(SHARES | (i >> 5), word);
            }
        }
    }

    /// The number of the half byte of the best share of a window.
    function bestPosition(Shares memory self, uint256 index, uint256 window) internal pure returns (uint256) {
        unchecked {
            return self.lane * index + self.seats + window;
        }
    }
}

/// The half bytes from number `position` on, in the highest bits.
function halves(uint256 words, uint256 position) pure returns (uint256) {
    unchecked {
        return peek(words + (position >> 1)) << ((position & 1) << 2);
    }
}

/// Half byte number `position`.
function half(uint256 words, uint256 position) pure returns (uint256) {
    unchecked {
        return (peek(words + (position >> 1)) >> (252 - ((position & 1) << 2))) & 15;
    }
}

/// Writes half byte number `position`, which was `before`.
function putHalf(uint256 words, uint256 position, uint256 before, uint256 value) pure {
    unchecked {
        uint256 spot = words + (position >> 1);
        poke(spot, peek(spot) ^ ((before ^ value) << (252 - ((position & 1) << 2))));
    }
}
