// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {max, min} from "./Words.sol";

/// Wei: escrow, fees, bonds, pay and slashes; the twin of `muster_protocol::money`. Amounts are below 2^128 and
/// shares below 2^32, so no product leaves a word.
library Money {
    /// The whole, in basis points.
    uint256 internal constant BPS = 10_000;
    /// Prices per tick, and bonds, fees and escrow of one worker, are below this many wei.
    uint256 internal constant PRICE_LIMIT = 1 << 96;

    /// The fee of one seat for one worker.
    function fee(uint256 price, uint256 quantum, uint256 bps, uint256 minimum) internal pure returns (uint256) {
        unchecked {
            return max(minimum, price * quantum * bps / BPS);
        }
    }

    /// The bond of one worker in one agreement, rounded up.
    function bond(uint256 price, uint256 length, uint256 bps, uint256 minimum) internal pure returns (uint256) {
        unchecked {
            return max(minimum, (price * length * bps + (BPS - 1)) / BPS);
        }
    }

    /// What a worker that accepted earns for `ticks`: all of it if it kept its promise or nothing is known,
    /// else the share of the known windows that it served, rounded down.
    function pay(uint256 price, uint256 ticks, uint256 promised, uint256 served, uint256 failed)
        internal
        pure
        returns (uint256 base)
    {
        unchecked {
            base = price * ticks;
            uint256 known = served + failed;
            if (BPS * served < promised * known) base = base * served / known;
        }
    }

    /// A tenth of a bond, rounded down: the price of not accepting, and of leaving.
    function tenth(uint256 whole) internal pure returns (uint256) {
        return whole / 10;
    }

    /// What a worker loses of what its bond has `atRisk`: the share of its promise that was missed, if only the
    /// `sure` windows had failed.
    function missed(uint256 atRisk, uint256 promised, uint256 known, uint256 sure) internal pure returns (uint256) {
        unchecked {
            uint256 whole = promised * known;
            uint256 kept = BPS * (known - sure);
            return kept < whole ? atRisk * (whole - kept) / whole : 0;
        }
    }

    /// What a client gets of the `slash` of one worker: no more than the pay of that very worker.
    function compensation(uint256 slash, uint256 paid) internal pure returns (uint256) {
        return min(slash, paid);
    }
}
