// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {OFFERS} from "./State.sol";
import {U16, U32, U96, field, load, store} from "./Words.sol";

/// A worker's offer and its position in the book of its application. All zero for testers.
type Offer is uint256;

using Offers for Offer global;

library Offers {
    uint256 private constant AVAILABLE = 1 << 240;
    uint256 private constant LISTED = 1 << 248;
    /// All bits except the position in the book.
    uint256 private constant UNLISTED_MASK = ~((((1 << 64) - 1) << 96) | LISTED);
    /// All bits except the fields that a worker sets.
    uint256 private constant OTHERS = ~(U96 | (((1 << 64) - 1) << 160));

    function read(uint256 number) internal view returns (Offer) {
        return Offer.wrap(load(OFFERS | number));
    }

    function write(Offer self, uint256 number) internal {
        store(OFFERS | number, Offer.unwrap(self));
    }

    /// Price in wei per tick.
    function price(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 0, U96);
    }

    /// The next listed worker; 0 = last.
    function next(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 96, U32);
    }

    /// The previous listed worker; 0 = first.
    function prev(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 128, U32);
    }

    /// Longest agreement in ticks.
    function maxLength(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 160, U32);
    }

    /// Promised uptime in basis points.
    function promised(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 192, U16);
    }

    /// The most agreements at once.
    function capacity(Offer self) internal pure returns (uint256) {
        return field(Offer.unwrap(self), 208, U16);
    }

    /// Whether the worker accepts new work.
    function available(Offer self) internal pure returns (bool) {
        return Offer.unwrap(self) & AVAILABLE != 0;
    }

    /// Whether the worker is listed in the book.
    function listed(Offer self) internal pure returns (bool) {
        return Offer.unwrap(self) & LISTED != 0;
    }

    function withTerms(Offer self, uint256 price_, uint256 maxLength_, uint256 promised_, uint256 capacity_)
        internal
        pure
        returns (Offer)
    {
        uint256 own = price_ | (maxLength_ << 160) | (promised_ << 192) | (capacity_ << 208);
        return Offer.wrap((Offer.unwrap(self) & OTHERS) | own);
    }

    function withAvailable(Offer self, bool wanted) internal pure returns (Offer) {
        return Offer.wrap((Offer.unwrap(self) & ~AVAILABLE) | (wanted ? AVAILABLE : 0));
    }

    function withNext(Offer self, uint256 number) internal pure returns (Offer) {
        return Offer.wrap((Offer.unwrap(self) & ~(U32 << 96)) | (number << 96));
    }

    function withPrev(Offer self, uint256 number) internal pure returns (Offer) {
        return Offer.wrap((Offer.unwrap(self) & ~(U32 << 128)) | (number << 128));
    }

    /// Listed between `prev_` and `next_`.
    function placed(Offer self, uint256 prev_, uint256 next_) internal pure returns (Offer) {
        return Offer.wrap((Offer.unwrap(self) & UNLISTED_MASK) | LISTED | (next_ << 96) | (prev_ << 128));
    }

    /// Not listed.
    function unplaced(Offer self) internal pure returns (Offer) {
        return Offer.wrap(Offer.unwrap(self) & UNLISTED_MASK);
    }
}
