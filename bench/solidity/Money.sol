// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {max, min} from "./Words.sol";

/// Wei: escrow, fees, bonds, pay and slashes. Rust: `muster_protocol::money`. Amounts are below 2^128 and shares
/// below 2^32, so no product overflows a word.
library Money {
    /// The whole, in basis points.
    uint256 internal constant BPS = 10_000;
    /// Exclusive limit in wei for a price per tick and for bond, fee and escrow of one worker.
    uint256 internal constant PRICE_LIMIT = 1 << 96;

    /// The fee of one seat for one worker.
    function fee(uint256 price, uint256 windowLength, uint256 bps, uint256 minimum) internal pure returns (uint256) {
        unchecked {
            return max(minimum, price * windowLength * bps / BPS);
        }
    }

    /// The bond of one worker in one agreement, rounded up.
    function bond(uint256 price, uint256 length, uint256 bps, uint256 minimum) internal pure returns (uint256) {
        unchecked {
            return max(minimum, (price * length * bps + (BPS - 1)) / BPS);
        }
    }

    /// The pay for `ticks` of finished windows: the whole price if the mean share, `served` / `whole`, reaches the
    /// promise or no window is known, otherwise the price times that mean, rounded down.
    function pay(uint256 price, uint256 ticks, uint256 promised, uint256 served, uint256 whole)
        internal
        pure
        returns (uint256 base)
    {
        unchecked {
            base = price * ticks;
            if (BPS * served < promised * whole) base = base * served / whole;
        }
    }

    /// A tenth of a bond, rounded down: the penalty for not accepting, and for resigning.
    function tenth(uint256 whole) internal pure returns (uint256) {
        return whole / 10;
    }

    /// The part of the bond `atRisk` that a worker loses: the share of its promise that it missed, by the mean share
    /// `best` / `whole` that no seat contradicts.
    function missed(uint256 atRisk, uint256 promised, uint256 best, uint256 whole) internal pure returns (uint256) {
        unchecked {
            uint256 due = promised * whole;
            uint256 kept = BPS * best;
            return kept < due ? atRisk * (due - kept) / due : 0;
        }
    }

    /// The part of one worker's `slash` that goes to the client: at most that worker's pay.
    function compensation(uint256 slash, uint256 paid) internal pure returns (uint256) {
        return min(slash, paid);
    }
}
