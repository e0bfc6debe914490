// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Counter} from "../src/Counter.sol";
import {vm} from "../Vm.sol";

/// Deploys a counter and adds to it, in two transactions.
contract Deploy {
    function run() external returns (Counter counter) {
        vm.startBroadcast();
        counter = new Counter(40);
        counter.add(2);
        vm.stopBroadcast();
    }
}
