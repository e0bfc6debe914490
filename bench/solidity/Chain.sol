// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// What both contracts ask of Arbitrum itself.

// Where the L2 height is.
uint256 constant ARB_SYS = 0x64;
// Selector of `ArbSys.arbBlockNumber()`.
uint256 constant ARB_BLOCK_NUMBER = 0xa3b1b31d << 224;
// Answers a block number with that block's hash, for the last 393 168 L2 blocks.
uint256 constant HISTORY = 0xf90827f1c53a10cb7a02335b175320002935;

/// The L2 block that is being built.
function blockHeight() view returns (uint256 height) {
    assembly ("memory-safe") {
        mstore(0, ARB_BLOCK_NUMBER)
        pop(staticcall(gas(), ARB_SYS, 0, 4, 0, 32))
        height := mload(0)
    }
}

/// The hash of an earlier L2 block; zero if it is not known.
function hashOf(uint256 height) view returns (bytes32 hash) {
    assembly ("memory-safe") {
        mstore(0, height)
        let known := staticcall(gas(), HISTORY, 0, 32, 0, 32)
        hash := mul(mload(0), and(known, gt(returndatasize(), 31)))
    }
}

/// Now, by a market's clock: unix seconds, or the L2 height.
function tickOf(bool inSeconds) view returns (uint256) {
    return inSeconds ? block.timestamp : blockHeight();
}
