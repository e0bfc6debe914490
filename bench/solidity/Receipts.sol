// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Receipts, which workers sign, and reports, which testers sign: EIP-712 hashes and signers. Rust:
/// `muster_protocol::receipt`.
library Receipts {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("WorkAgreement");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant RECEIPT = keccak256("Receipt(bytes32 session,uint8 window,uint32 parts)");
    bytes32 private constant REPORT = keccak256("Report(uint32 place,bytes32 salt,bytes32 entriesHash)");

    /// The session of `tester` and `salt` in a window.
    function session(address tester, bytes32 salt, uint256 window) internal pure returns (bytes32) {
        return keccak256(abi.encode(tester, salt, window));
    }

    /// The EIP-712 domain separator of this agreement.
    function domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
    }

    /// The digest of a receipt for the parts of a window in which a session was served.
    function receipt(bytes32 separator, bytes32 opened, uint256 window, uint256 parts) internal pure returns (bytes32) {
        return digest(separator, keccak256(abi.encode(RECEIPT, opened, window, parts)));
    }

    /// The digest of a report whose entries have this hash.
    function report(bytes32 separator, uint256 place, bytes32 salt, bytes32 entries) internal pure returns (bytes32) {
        return digest(separator, keccak256(abi.encode(REPORT, place, salt, entries)));
    }

    /// The digest of a struct in a domain.
    function digest(bytes32 separator, bytes32 hash) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", separator, hash));
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

    /// The signer of a digest, from a compact signature (EIP-2098); zero if the signature is invalid.
    function signer(bytes32 signed, bytes32 r, bytes32 vs) internal pure returns (address) {
        unchecked {
            uint8 v = uint8((uint256(vs) >> 255) + 27);
            return ecrecover(signed, v, r, bytes32(uint256(vs) & (type(uint256).max >> 1)));
        }
    }
}
