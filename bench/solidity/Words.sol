// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

// Storage words and bytes, as both contracts use them.
//
// A record is one word. Its slot has the map's number in the first byte and the key at the end; nothing is hashed.
// The same as `muster_contract_kit::storage`.

/// The word in a slot.
function load(uint256 slot) view returns (uint256 word) {
    assembly ("memory-safe") {
        word := sload(slot)
    }
}

/// Writes the word of a slot.
function store(uint256 slot, uint256 word) {
    assembly ("memory-safe") {
        sstore(slot, word)
    }
}

/// The bits of `word` from bit `spot` on, as many as `mask` has.
function field(uint256 word, uint256 spot, uint256 mask) pure returns (uint256) {
    return (word >> spot) & mask;
}

/// The smaller of two numbers.
function min(uint256 a, uint256 b) pure returns (uint256) {
    return a < b ? a : b;
}

/// The larger of two numbers.
function max(uint256 a, uint256 b) pure returns (uint256) {
    return a > b ? a : b;
}

/// `a` - `b`, or 0 if `b` is larger.
function less(uint256 a, uint256 b) pure returns (uint256) {
    unchecked {
        return a > b ? a - b : 0;
    }
}

uint256 constant U16 = type(uint16).max;
uint256 constant U32 = type(uint32).max;
uint256 constant U40 = type(uint40).max;
uint256 constant U64 = type(uint64).max;
uint256 constant U96 = type(uint96).max;

uint256 constant BYTES = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
uint256 constant PAIRS = 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
uint256 constant QUADS = 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
uint256 constant OCTETS = 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;

/// The word with its bytes in reverse order. Terms hold little-endian integers.
function swapped(uint256 word) pure returns (uint256) {
    word = ((word >> 8) & BYTES) | ((word & BYTES) << 8);
    word = ((word >> 16) & PAIRS) | ((word & PAIRS) << 16);
    word = ((word >> 32) & QUADS) | ((word & QUADS) << 32);
    word = ((word >> 64) & OCTETS) | ((word & OCTETS) << 64);
    return (word >> 128) | (word << 128);
}

/// The little-endian number in the last two bytes of a word.
function swappedPair(uint256 word) pure returns (uint256) {
    return ((word & 0xff) << 8) | ((word >> 8) & 0xff);
}

/// The word at a memory address.
function peek(uint256 spot) pure returns (uint256 word) {
    assembly ("memory-safe") {
        word := mload(spot)
    }
}

/// Writes the word at a memory address that the caller has reserved.
function poke(uint256 spot, uint256 word) pure {
    assembly ("memory-safe") {
        mstore(spot, word)
    }
}

/// Reserves memory without clearing it and returns its address.
function reserve(uint256 size) pure returns (uint256 spot) {
    assembly ("memory-safe") {
        spot := mload(0x40)
        mstore(0x40, and(add(add(spot, size), 31), not(31)))
    }
}

/// The word at a calldata offset.
function calldataWord(uint256 spot) pure returns (uint256 word) {
    assembly ("memory-safe") {
        word := calldataload(spot)
    }
}

/// The calldata offset of a byte string.
function calldataSpot(bytes calldata data) pure returns (uint256 spot) {
    assembly ("memory-safe") {
        spot := data.offset
    }
}

/// The hash of a byte string.
function calldataHash(bytes calldata data) pure returns (bytes32 hash) {
    assembly ("memory-safe") {
        let copy := mload(0x40)
        calldatacopy(copy, data.offset, data.length)
        hash := keccak256(copy, data.length)
    }
}
