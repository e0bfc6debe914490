// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {peek, poke, reserve} from "./Words.sol";

/// A list of places in memory, four bytes each, so that eight of them are compared at once.
library Places {
    /// Bytes of a place, and places in a word.
    uint256 internal constant SIZE = 4;
    uint256 internal constant LANES = 8;
    /// A one in each lane of a word, and all bits but the highest.
    uint256 private constant ONES = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant LOW = 0x7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff7fffffff;

    /// Reserves memory for `count` places; it is written and read as whole words.
    function reserve_(uint256 count) internal pure returns (uint256 list) {
        unchecked {
            return reserve(SIZE * count + 32);
        }
    }

    /// Writes a place at `spot`, in order, and returns where the next one begins.
    function put(uint256 spot, uint256 place) internal pure returns (uint256) {
        unchecked {
            poke(spot, place << 224);
            return spot + SIZE;
        }
    }

    /// The place at `spot`.
    function get(uint256 spot) internal pure returns (uint256) {
        return peek(spot) >> 224;
    }

    /// Which of the eight places from `spot` on are `place`: the highest bit of each lane.
    function find(uint256 spot, uint256 place) internal pure returns (uint256) {
        unchecked {
            uint256 other = peek(spot) ^ (place * ONES);
            return ~(((other & LOW) + LOW) | other | LOW);
        }
    }

    /// The first lane that was found, or more than seven.
    function lane(uint256 found) internal pure returns (uint256 first) {
        assembly ("memory-safe") {
            first := shr(5, clz(found))
        }
    }
}
