// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The interface that every client drives: `Counter` below as EVM code, `stylus-counter.wat` as a Stylus program.
interface ICounter {
    /// `by` added `amount`; the new number is `total`.
    event Added(address indexed by, uint256 amount, uint256 total);

    /// `amount` is more than the `limit` of one call.
    error TooMuch(uint256 amount, uint256 limit);

    function number() external view returns (uint256);

    /// Adds up to 100 and returns the new number.
    function add(uint256 amount) external returns (uint256 total);
}

/// A growing number in slot 0.
contract Counter is ICounter {
    uint256 public number;

    constructor(uint256 start) {
        number = start;
    }

    function add(uint256 amount) external returns (uint256 total) {
        if (amount > 100) revert TooMuch(amount, 100);
        total = number + amount;
        number = total;
        emit Added(msg.sender, amount, total);
    }
}
