// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U64, less, min} from "./Words.sol";

/// Reputation: the twin of `muster_protocol::reputation`. Weights have 32 bits behind the point.
library Reputation {
    /// Seconds in which weights fall to one half.
    uint256 private constant HALF_LIFE = 30 days;
    /// One observation.
    uint256 private constant ONE = 1 << 32;
    /// The most that one agreement weighs, in observations.
    uint256 private constant HEAVIEST = 4;
    /// 1.645 and its square, with 32 bits behind the point.
    uint256 private constant Z = 7_065_221_202;
    uint256 private constant Z_SQUARED = 11_622_288_877;

    /// What an agreement weighs whose testers were paid `fees`: min(4, ⌊log2(1 + ⌊fees / unit⌋)⌋).
    function weight(uint256 fees, uint256 unit) internal pure returns (uint256) {
        unchecked {
            uint256 units = fees / unit + 1;
            uint256 zeros;
            assembly ("memory-safe") {
                zeros := clz(units)
            }
            return min(255 - zeros, HEAVIEST) * ONE;
        }
    }

    /// ⌊`whole` × `count` / `all`⌋; zero if `all` is zero.
    function part(uint256 whole, uint256 count, uint256 all) internal pure returns (uint256) {
        unchecked {
            return all == 0 ? 0 : whole * count / all;
        }
    }

    /// A weight `age` seconds later: half for each half-life, along a straight line in between.
    function faded(uint256 whole, uint256 age) internal pure returns (uint256) {
        unchecked {
            return (whole >> (age / HALF_LIFE)) * (2 * HALF_LIFE - age % HALF_LIFE) / (2 * HALF_LIFE);
        }
    }

    /// Two weights together, as far as they fit.
    function sum(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return min(a + b, U64);
        }
    }

    /// The lower end of the 95 % one-sided Wilson interval in basis points; 0 when nothing is known.
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
