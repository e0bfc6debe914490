// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Reads of the chain: L2 height and block hashes.

// The precompile ArbSys, which returns the L2 height.
uint256 constant ARB_SYS = 0x64;
// Selector of `ArbSys.arbBlockNumber()`.
uint256 constant ARB_BLOCK_NUMBER = 0xa3b1b31d << 224;
// Returns the hash of a block, for the last 393 168 L2 blocks.
uint256 constant HISTORY_STORAGE = 0xf90827f1c53a10cb7a02335b175320002935;

/// The L2 block that is being built.
function blockHeight() view returns (uint256 height) {
    assembly ("memory-safe") {
        mstore(0, ARB_BLOCK_NUMBER)
        pop(staticcall(gas(), ARB_SYS, 0, 4, 0, 32))
        height := mload(0)
    }
}

/// The hash of an earlier L2 block; zero if it is not known.
function blockHash(uint256 height) view returns (bytes32 hash) {
    assembly ("memory-safe") {
        mstore(0, height)
        let known := staticcall(gas(), HISTORY_STORAGE, 0, 32, 0, 32)
        hash := mul(mload(0), and(known, gt(returndatasize(), 31)))
    }
}

/// The current tick of a market's clock: unix seconds, or the L2 height.
function tickAt(bool inSeconds) view returns (uint256) {
    return inSeconds ? block.timestamp : blockHeight();
}
