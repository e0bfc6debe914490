// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Receipts: service that a worker confirms with an EIP-712 signature. Rust: `muster_protocol::receipt`.
library Receipts {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("WorkAgreement");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant RECEIPT = keccak256("Receipt(bytes32 session,uint32 served)");

    /// The session of `tester` and `salt`.
    function session(address tester, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(tester, salt));
    }

    /// The EIP-712 domain separator of this agreement.
    function domain() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
    }

    /// The signer of a receipt for a session and the windows `served`, from a compact signature (EIP-2098); zero if
    /// the signature is invalid.
    function signer(bytes32 separator, bytes32 opened, uint256 served, bytes32 r, bytes32 vs)
        internal
        pure
        returns (address)
    {
        bytes32 receipt = keccak256(abi.encode(RECEIPT, opened, served));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", separator, receipt));
        unchecked {
            uint8 v = uint8((uint256(vs) >> 255) + 27);
            return ecrecover(digest, v, r, bytes32(uint256(vs) & (type(uint256).max >> 1)));
        }
    }
}
