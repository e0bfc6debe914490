// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Money} from "./Money.sol";
import {U16, U32, U40, U64, U96, field, peek, poke, swapped, swappedPair} from "./Words.sol";

// The terms of an agreement, byte for byte as in `muster_protocol::layout`, and its proxy, as in
// `muster_protocol::proxy`. Terms are passed by their memory address. Integers are little-endian.

// Bytes of the proxy, of the init code in front of it, of the header of the terms, and of one worker.
uint256 constant PROXY = 45;
uint256 constant LOADER = 10;
uint256 constant HEAD = 115;
uint256 constant WORKER = 36;
// The most workers in one agreement.
uint256 constant MAX_REDUNDANCY = 8;
// The most bytes of an agreement's code.
uint256 constant MAX_CODE = PROXY + HEAD + MAX_REDUNDANCY * WORKER;
// The proxy's code before and after the implementation's address.
uint256 constant CODE_PREFIX = 0x363d3d373d3d3d363d73;
uint256 constant CODE_SUFFIX = 0x5af43d82803e903d91602b57fd5bf3;

/// Bytes of the terms of `redundancy` workers.
function termsSize(uint256 redundancy) pure returns (uint256) {
    unchecked {
        return HEAD + WORKER * redundancy;
    }
}

/// Times, sizes and the bond that all workers share, read in one word from byte 63 of the terms on.
type Head is uint256;

using Heads for Head global;

library Heads {
    function make(uint256 length_, uint256 acceptWindow_, uint256 reportWindow_) internal pure returns (Head) {
        return Head.wrap(length_ | (acceptWindow_ << 32) | (reportWindow_ << 64));
    }

    function withSeats(Head self, uint256 windows_, uint256 testers_) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (windows_ << 96) | (testers_ << 104));
    }

    function withBond(Head self, uint256 bondBps_, uint256 minBond_) internal pure returns (Head) {
        return Head.wrap(Head.unwrap(self) | (bondBps_ << 112) | (minBond_ << 128));
    }

    function length(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 0, U32);
    }

    function acceptWindow(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 32, U32);
    }

    function reportWindow(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 64, U32);
    }

    function windows(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 96, 0xff);
    }

    function testers(Head self) internal pure returns (uint256) {
        return field(Head.unwrap(self), 104, 0xff);
    }

    /// The bond of a worker of this price.
    function bond(Head self, uint256 price) internal pure returns (uint256) {
        uint256 word = Head.unwrap(self);
        return Money.bond(price, length(self), field(word, 112, U16), field(word, 128, U96));
    }

    /// Ticks of one window, rounded down.
    function windowLength(Head self) internal pure returns (uint256) {
        unchecked {
            return length(self) / windows(self);
        }
    }
}

/// Fees and testers that all workers share, read in one word from byte 83 of the terms on; its first eight bytes are
/// the end of the lowest bond.
type Rules is uint256;

using RulesOf for Rules global;

library RulesOf {
    function make(uint256 minBond_, uint256 feeBps_, uint256 minFee_) internal pure returns (Rules) {
        return Rules.wrap((minBond_ >> 32) | (feeBps_ << 64) | (minFee_ << 80));
    }

    function withProbes(Rules self, uint256 minLength_, uint256 probes_) internal pure returns (Rules) {
        return Rules.wrap(Rules.unwrap(self) | (minLength_ << 144) | (probes_ << 176));
    }

    function withPool(Rules self, uint256 epoch_, uint256 pool_, uint256 redundancy_) internal pure returns (Rules) {
        return Rules.wrap(Rules.unwrap(self) | (epoch_ << 184) | (pool_ << 216) | (redundancy_ << 248));
    }

    /// The shortest agreement, in ticks.
    function minLength(Rules self) internal pure returns (uint256) {
        return field(Rules.unwrap(self), 144, U32);
    }

    /// Probes that a seat makes of a worker in its window.
    function probes(Rules self) internal pure returns (uint256) {
        return field(Rules.unwrap(self), 176, 0xff);
    }

    function epoch(Rules self) internal pure returns (uint256) {
        return field(Rules.unwrap(self), 184, U32);
    }

    function pool(Rules self) internal pure returns (uint256) {
        return field(Rules.unwrap(self), 216, U32);
    }

    /// The fee of one seat for a worker of this price; 0 without testers.
    function fee(Rules self, Head head, uint256 price) internal pure returns (uint256) {
        if (head.testers() == 0) return 0;
        uint256 word = Rules.unwrap(self);
        return Money.fee(price, head.windowLength(), field(word, 64, U16), field(word, 80, U64));
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

    /// L2 block of the purchase.
    function height(uint256 terms) internal pure returns (uint256) {
        unchecked {
            return swapped(peek(terms + 58)) & U40;
        }
    }

    function head(uint256 terms) internal pure returns (Head) {
        unchecked {
            return Head.wrap(swapped(peek(terms + 63)));
        }
    }

    function rules(uint256 terms) internal pure returns (Rules) {
        unchecked {
            return Rules.wrap(swapped(peek(terms + 83)));
        }
    }

    /// Number of workers.
    function redundancy(uint256 terms) internal pure returns (uint256) {
        unchecked {
            return peek(terms + 83) & 0xff;
        }
    }

    /// Address of the record of worker `index`.
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

    /// Promised uptime in basis points.
    function promised(uint256 record) internal pure returns (uint256) {
        unchecked {
            return swappedPair(peek(record + 2));
        }
    }

    /// The worker's count of absences at the purchase.
    function misses(uint256 record) internal pure returns (uint256) {
        unchecked {
            return swappedPair(peek(record + 4));
        }
    }

    // ------------------------------------------------------------------ writing
    /// Writes one worker's record. It also writes past its end, so records must be written in order.
    function putWorker(uint256 record, address who, uint256 price_, uint256 promised_, uint256 misses_) internal pure {
        unchecked {
            poke(record, (uint256(uint160(who)) << 96) | (swapped(price_) >> 160));
            poke(record + 32, swapped(promised_ | (misses_ << 16)));
        }
    }

    /// Writes parties, number, application, clock, and tick and block of the purchase.
    function putParties(
        uint256 terms,
        address client_,
        uint256 number,
        bytes8 application_,
        bool seconds_,
        uint256 purchased_,
        uint256 height_
    ) internal view {
        unchecked {
            poke(terms, uint256(uint160(address(this))) << 96);
            poke(terms + 20, uint256(uint160(client_)) << 96);
            uint256 numbers = swapped(number | (purchased_ << 32) | (height_ << 72));
            uint256 middle = (uint256(uint64(application_)) << 160) | (seconds_ ? 1 << 152 : 0);
            poke(terms + 40, ((numbers >> 224) << 224) | middle | ((numbers << 32) >> 104));
        }
    }

    /// Writes the numeric fields of the header.
    function putNumbers(uint256 terms, Head head_, Rules rules_) internal pure {
        unchecked {
            poke(terms + 63, swapped(Head.unwrap(head_)));
            poke(terms + 83, swapped(Rules.unwrap(rules_)));
        }
    }

    /// Writes init code and proxy in front of the terms, which have `size` bytes. Returns the address of the init
    /// code.
    function putProxy(uint256 terms, address implementation, uint256 size) internal pure returns (uint256 init) {
        unchecked {
            init = terms - PROXY - LOADER;
            // PUSH2 code; DUP1; PUSH1 10; 0; CODECOPY; 0; RETURN
            uint256 loader = 0x61000080600a3d393df3 | ((PROXY + size) << 56);
            poke(init, (loader << 176) | (CODE_PREFIX << 96));
            poke(init + 20, uint256(uint160(implementation)) << 96);
            poke(init + 40, CODE_SUFFIX << 136);
        }
    }
}
