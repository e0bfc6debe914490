// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {poke, reserve} from "./Words.sol";

/// Receipts, which workers sign, and reports, which testers sign: EIP-712 hashes and signers. They are computed in
/// words of memory that keep what stays the same: tester, salt, window; the fields of a receipt; prefix, domain and hash
/// of what is signed; the arguments of `ecrecover`; the fields of a report. Rust: `muster_protocol::receipt`.
library Receipts {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("WorkAgreement");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant RECEIPT = keccak256("Receipt(bytes32 session,uint8 window,uint32 parts)");
    bytes32 private constant REPORT = keccak256("Report(uint32 place,bytes32 salt,bytes32 entriesHash)");

    /// Reserves the words for this agreement.
    function words() internal view returns (uint256 at_) {
        unchecked {
            at_ = reserve(18 * 32);
            poke(at_ + 3 * 32, uint256(RECEIPT));
            poke(at_ + 7 * 32, 0x1901);
            poke(at_ + 8 * 32, uint256(domain()));
            poke(at_ + 14 * 32, uint256(REPORT));
        }
    }

    /// The EIP-712 domain separator of this agreement.
    function domain() private view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
    }

    /// Begins the sessions of `tester` with `salt`.
    function begin(uint256 at_, address tester, bytes32 salt) internal pure {
        unchecked {
            poke(at_, uint256(uint160(tester)));
            poke(at_ + 32, uint256(salt));
        }
    }

    /// The hash of a receipt for the parts of a window.
    function receipt(uint256 at_, uint256 window, uint256 parts) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(add(at_, 64), window)
            mstore(add(at_, 128), keccak256(at_, 96))
            mstore(add(at_, 160), window)
            mstore(add(at_, 192), parts)
            hash := keccak256(add(at_, 96), 128)
        }
    }

    /// The hash of a report whose entries have the hash `entries`.
    function report(uint256 at_, uint256 place, bytes32 salt, bytes32 entries) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore(add(at_, 480), place)
            mstore(add(at_, 512), salt)
            mstore(add(at_, 544), entries)
            hash := keccak256(add(at_, 448), 128)
        }
    }

    /// The signer of a hash, from the compact signature (EIP-2098) at calldata offset `spot`; zero if it is invalid.
    function signer(uint256 at_, bytes32 hash, uint256 spot) internal view returns (address account) {
        assembly ("memory-safe") {
            mstore(add(at_, 288), hash)
            mstore(add(at_, 320), keccak256(add(at_, 254), 66))
            let vs := calldataload(add(spot, 32))
            mstore(add(at_, 352), add(shr(255, vs), 27))
            mstore(add(at_, 384), calldataload(spot))
            mstore(add(at_, 416), shr(1, shl(1, vs)))
            mstore(0, 0)
            pop(staticcall(gas(), 1, add(at_, 320), 128, 0, 32))
            account := mload(0)
        }
    }

    /// Whether a receipt with these parts covers `served` probes: at most two for each part.
    function covers(uint256 parts, uint256 served) internal pure returns (bool) {
        unchecked {
            parts -= (parts >> 1) & 0x55555555;
            parts = (parts & 0x33333333) + ((parts >> 2) & 0x33333333);
            parts = (parts + (parts >> 4)) & 0x0f0f0f0f;
            return served <= 2 * (((parts * 0x01010101) >> 24) & 0xff);
        }
    }
}
