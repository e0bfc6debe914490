// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {U16, U32, U40, U96, field, peek, poke, swapped} from "./Words.sol";

// The terms of an agreement, byte for byte as in `terms::layout`, and its proxy, as in `terms::proxy`.
// Terms are named by their address in memory. Integers have their lowest byte first.

// Bytes of the proxy, of the init code in front of it, of what all workers share, and of one worker.
uint256 constant PROXY = 45;
uint256 constant LOADER = 10;
uint256 constant HEAD = 87;
uint256 constant WORKER = 60;
// The most workers in one agreement.
uint256 constant MAX_REDUNDANCY = 8;
// The most bytes of an agreement's code.
uint256 constant MAX_CODE = PROXY + HEAD + MAX_REDUNDANCY * WORKER;
// The proxy's code in front of the implementation's address, and behind it.
uint256 constant FRONT = 0x363d3d373d3d3d363d73;
uint256 constant BACK = 0x5af43d82803e903d91602b57fd5bf3;

/// Bytes of the terms of so many workers.
function termsSize(uint256 redundancy) pure returns (uint256) {
    unchecked {
        return HEAD + WORKER * redundancy;
    }
}

/// The numbers that all workers share, read in one word from byte 58 of the terms on.
type Head is uint256;

using Heads for Head global;

library Heads {
    function make(uint256 height, uint256 length, uint256 acceptWindow, uint256 reportWindow)
        internal
        pure
        returns (Head)
    {
        return Head.wrap(height | (length << 40) | (acceptWindow << 72) | (reportWindow << 104));
    }

    function withSeats(Head self, uint256 windows, uint256 testers, uint256 least) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (windows << 136) | (testers << 144) | (least << 152));
    }

    function withPool(Head self, uint256 epoch, uint256 pool, uint256 redundancy) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (epoch << 160) | (pool << 192) | (redundancy << 224));
    }

    /// L2 block of the purchase.
    function height(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 0, U40);
    }

    function length(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 40, U32);
    }

    function acceptWindow(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 72, U32);
    }

    function reportWindow(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 104, U32);
    }

    function windows(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 136, 0xff);
    }

    function testers(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 144, 0xff);
    }

    /// The fewest windows that are paid when the client cancels.
    function least(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 152, 0xff);
    }

    function epoch(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 160, U32);
    }

    function pool(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 192, U32);
    }

    function redundancy(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 224, 0xff);
    }

    /// Ticks of the first `count` windows; of all of them, the whole length.
    function ticks(Head self, uint256 count) internal pure returns (uint256) {
        unchecked {
            uint256 all = windows(self);
            return count < all ? length(self) / all * count : length(self);
        }
    }
}

/// What a worker agreed to besides its price, read in one word from byte 32 of its record on.
type Bond is uint256;

using Bonds for Bond global;

library Bonds {
    function make(uint256 promise_, uint256 fee_, uint256 bond, uint256 misses_) internal pure returns (Bond) {
        return Bond.wrap(promise_ | (fee_ << 16) | (bond << 112) | (misses_ << 208));
    }

    function promised(Bond self) internal pure returns (uint256) {
        return field(Bond.unwrap(self), 0, U16);
    }

    function fee(Bond self) internal pure returns (uint256) {
        return field(Bond.unwrap(self), 16, U96);
    }

    function locked(Bond self) internal pure returns (uint256) {
        return field(Bond.unwrap(self), 112, U96);
    }

    function misses(Bond self) internal pure returns (uint256) {
        return field(Bond.unwrap(self), 208, U16);
    }
}

library Layout {
    // ------------------------------------------------------------------ reading
    function dispatcher(uint256 terms) internal pure returns (address) {
        return address(uint160(peek(terms) >> 96));
    }

    function client(uint256 terms) internal pure returns (address) {
        unchecked {
            return address(uint160(peek(terms + 20) >> 96));
        }
    }

    function application(uint256 terms) internal pure returns (bytes8) {
        unchecked {
            return bytes8(bytes32(peek(terms + 44)));
        }
    }

    /// Whether a tick is a second.
    function inSeconds(uint256 terms) internal pure returns (bool) {
        unchecked {
            return peek(terms + 21) & 0xff != 0;
        }
    }

    /// Tick of the purchase.
    function purchased(uint256 terms) internal pure returns (uint256) {
        unchecked {
            return swapped(peek(terms + 53)) & U40;
        }
    }

    function head(uint256 terms) internal pure returns (Head) {
        unchecked {
            return Head.wrap(swapped(peek(terms + 58)));
        }
    }

    /// Where the record of worker `index` is.
    function worker(uint256 terms, uint256 index) internal pure returns (uint256) {
        unchecked {
            return terms + HEAD + WORKER * index;
        }
    }

    function account(uint256 record) internal pure returns (address) {
        return address(uint160(peek(record) >> 96));
    }

    function price(uint256 record) internal pure returns (uint256) {
        return swapped(peek(record)) >> 160;
    }

    function bond(uint256 record) internal pure returns (Bond) {
        unchecked {
            return Bond.wrap(swapped(peek(record + 32)));
        }
    }

    // ------------------------------------------------------------------ writing
    /// Writes one worker's record; what stands behind it is lost.
    function putWorker(uint256 record, address who, uint256 price_, Bond rest) internal pure {
        unchecked {
            poke(record, (uint256(uint160(who)) << 96) | (swapped(price_) >> 160));
            poke(record + 32, swapped(Bond.unwrap(rest)));
        }
    }

    /// Writes who shares the agreement, and when and for what it was bought.
    function putParties(
        uint256 terms,
        address client_,
        uint256 number,
        bytes8 application_,
        bool seconds_,
        uint256 purchased_
    ) internal view {
        unchecked {
            poke(terms, uint256(uint160(address(this))) << 96);
            poke(terms + 20, uint256(uint160(client_)) << 96);
            uint256 numbers = swapped(number | (purchased_ << 32));
            uint256 middle = (uint256(uint64(application_)) << 160) | (seconds_ ? 1 << 152 : 0);
            poke(terms + 40, ((numbers >> 224) << 224) | middle | ((numbers << 32) >> 104));
        }
    }

    /// Writes the numbers that all workers share, and leaves the records behind them as they are.
    function putHead(uint256 terms, Head numbers) internal pure {
        unchecked {
            poke(terms + 58, swapped(Head.unwrap(numbers)) | (peek(terms + 58) & 0xffffff));
        }
    }

    /// Writes init code and proxy in front of terms that are still to be written, of `size` bytes; the address
    /// of the init code.
    function putProxy(uint256 terms, address implementation, uint256 size) internal pure returns (uint256 init) {
        unchecked {
            init = terms - PROXY - LOADER;
            // PUSH2 code; DUP1; PUSH1 10; 0; CODECOPY; 0; RETURN
            uint256 loader = 0x61000080600a3d393df3 | ((PROXY + size) << 56);
            poke(init, (loader << 176) | (FRONT << 96));
            poke(init + 20, uint256(uint160(implementation)) << 96);
            poke(init + 40, BACK << 136);
        }
    }
}
