// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// The cheatcodes of forge that the script and the test use.
interface Vm {
    function startBroadcast() external;

    function stopBroadcast() external;

    function envAddress(string calldata name) external view returns (address);

    function expectRevert(bytes calldata data) external;
}

// Where forge has its cheatcodes.
Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
