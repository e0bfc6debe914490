// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// The draw of testers. Rust: `muster_protocol::draw`.
library Draw {
    /// The seed of an agreement.
    function seed(bytes32 hash) internal view returns (bytes16) {
        return bytes16(keccak256(abi.encodePacked(hash, address(this))));
    }

    /// Draws the place that holds a seat of `window` in a list of `pool` places. Call it for each seat in order.
    /// `sorted` holds the places drawn before, in ascending order, and must have space for one more word.
    function place(bytes16 seed_, uint256 window, uint256 seat, uint256 pool, uint256 sorted)
        internal
        pure
        returns (uint256 drawn)
    {
        uint256 preimage = uint256(bytes32(seed_)) | (window << 96) | (seat << 64);
        assembly ("memory-safe") {
            mstore(0, preimage)
            drawn := mod(shr(192, keccak256(0, 24)), sub(pool, seat))
            let end := add(sorted, shl(5, seat))
            for {} lt(sorted, end) { sorted := add(sorted, 32) } {
                if lt(drawn, mload(sorted)) { break }
                drawn := add(drawn, 1)
            }
            mcopy(add(sorted, 32), sorted, sub(end, sorted))
            mstore(sorted, drawn)
        }
    }
}
