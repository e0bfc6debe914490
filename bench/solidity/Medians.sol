// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// The median of the seats of a window. Rust: `muster_protocol::shares`.
library Medians {
    /// A one in each of the 16-bit counters of a word.
    uint256 private constant ONES = 0x0001000100010001000100010001000100010001000100010001000100010001;
    /// The half bytes that are at most 5 twelfths from number 5.
    uint256 private constant NEAR = 0x7ff;

    /// The median of the half bytes of `row`, which are not all 0 (silent): the share in twelfths, of an even number
    /// the higher one; the half bytes that are paid, as bits, because they are near either middle one; and how many are not
    /// silent.
    function of_(uint256 row) internal pure returns (uint256 share, uint256 paid, uint256 count) {
        unchecked {
            // Counter i of the word counts the half bytes i; the product sums those up to i.
            uint256 counts;
            for (; row != 0; row >>= 4) counts += 1 << ((row & 15) << 4);
            uint256 silent = counts & 0xffff;
            uint256 sums = counts * ONES;
            count = (sums >> 240) - silent;
            sums += 0x7fff * ONES;
            uint256 low = rank(sums, silent + ((count - 1) >> 1));
            uint256 high = rank(sums, silent + (count >> 1));
            paid = (((NEAR << low) | (NEAR << high)) >> 5) & ~uint256(1);
            share = high - 1;
        }
    }

    /// The first counter above `least`, of `sums` with 0x7fff added to each.
    function rank(uint256 sums, uint256 least) private pure returns (uint256 counter) {
        unchecked {
            uint256 above = (sums - least * ONES) & (0x8000 * ONES);
            assembly ("memory-safe") {
                counter := shr(4, sub(255, clz(and(above, sub(0, above)))))
            }
        }
    }
}
