// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {peek, poke} from "./Words.sol";

/// The draw of testers: the twin of `terms::draw`.
library Draw {
    /// The seed of an agreement.
    function seed(bytes32 hash) internal view returns (bytes16) {
        return bytes16(keccak256(abi.encodePacked(hash, address(this))));
    }

    /// Writes the places that hold the seats of `window` to `places`, a word each, of a list of `pool` places.
    /// `sorted` is room for as many words.
    function seats(bytes16 seed_, uint256 window, uint256 testers, uint256 pool, uint256 places, uint256 sorted)
        internal
        pure
    {
        unchecked {
            uint256 preimage = uint256(bytes32(seed_)) | (window << 96);
            for (uint256 seat; seat < testers; ++seat) {
                uint256 place;
                assembly ("memory-safe") {
                    mstore(0, or(preimage, shl(64, seat)))
                    place := mod(shr(192, keccak256(0, 24)), sub(pool, seat))
                }
                uint256 spot = sorted;
                uint256 end = sorted + (seat << 5);
                for (; spot < end && place >= peek(spot); spot += 32) ++place;
                for (; end > spot; end -= 32) poke(end, peek(end - 32));
                poke(spot, place);
                poke(places + (seat << 5), place);
            }
        }
    }
}
