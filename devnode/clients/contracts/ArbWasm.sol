// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The functions of `ArbWasm` (0x71) that a deployment needs.
interface ArbWasm {
    /// The code at the called address is a program that was never activated.
    error ProgramNotActivated();

    event ProgramActivated(
        bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version
    );

    /// Activates a program and returns the value beyond the fee.
    function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);

    function programVersion(address program) external view returns (uint16 version);
}
