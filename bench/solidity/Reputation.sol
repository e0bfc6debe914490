// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U64, less, min} from "./Words.sol";

/// Reputation weights and scores. Weights are fixed-point numbers with 32 fractional bits. Rust:
/// `muster_protocol::reputation`.
library Reputation {
    /// Half-life of a weight, in seconds.
    uint256 private constant HALF_LIFE = 30 days;
    /// One observation.
    uint256 internal constant ONE = 1 << 32;
    /// The highest weight of one agreement, in observations.
    uint256 private constant MAX_WEIGHT = 4;
    /// 1.645 and its square, with 32 fractional bits.
    uint256 private constant Z = 7_065_221_202;
    uint256 private constant Z_SQUARED = 11_622_288_877;

    /// The weight of an agreement whose testers were paid `fees`: min(4, ⌊log2(1 + ⌊fees / unit⌋)⌋); below one unit
    /// the part of it that was paid.
    function weight(uint256 fees, uint256 unit) internal pure returns (uint256) {
        unchecked {
            if (fees < unit) return fees * ONE / unit;
            uint256 units = fees / unit + 1;
            uint256 zeros;
            assembly ("memory-safe") {
                zeros := clz(units)
            }
            return min(255 - zeros, MAX_WEIGHT) * ONE;
        }
    }

    /// ⌊`whole` × `count` / `all`⌋.
    function part(uint256 whole, uint256 count, uint256 all) internal pure returns (uint256) {
        unchecked {
            return whole * count / all;
        }
    }

    /// A weight after `age` seconds: halved for each half-life, linear in between.
    function decayed(uint256 whole, uint256 age) internal pure returns (uint256) {
        unchecked {
            return (whole >> (age / HALF_LIFE)) * (2 * HALF_LIFE - age % HALF_LIFE) / (2 * HALF_LIFE);
        }
    }

    /// The saturating sum of two weights.
    function sum(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return min(a + b, U64);
        }
    }

    /// The lower end of the 95 % one-sided Wilson interval in basis points; 0 without observations.
    function score(uint256 good, uint256 bad) internal pure returns (uint256) {
        unchecked {
            uint256 n = good + bad;
            if (n == 0) return 0;
            uint256 root = sqrt((good * bad / n + (Z_SQUARED >> 2)) << 32);
            uint256 low = (Z * root) >> 32;
            return less(good + (Z_SQUARED >> 1), low) * 10_000 / (n + Z_SQUARED);
        }
    }

    /// ⌊√n⌋ for n from 1 on, by Newton's method from above.
    function sqrt(uint256 n) private pure returns (uint256 root) {
        unchecked {
            assembly ("memory-safe") {
                root := shl(add(shr(1, sub(255, clz(n))), 1), 1)
            }
            while (true) {
                uint256 next = (n / root + root) >> 1;
                if (next >= root) return root;
                root = next;
            }
        }
    }
}
