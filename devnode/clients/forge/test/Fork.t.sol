// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICounter} from "../src/Counter.sol";
import {vm} from "../Vm.sol";

/// Tests on the state of the dev chain, which forge fetches as it needs it.
contract ForkTest {
    ICounter counter = ICounter(vm.envAddress("COUNTER"));

    function test_state_is_that_of_the_chain() external {
        require(block.chainid == 412346, "chain id");
        require(counter.number() == 42, "number");
        require(counter.add(1) == 43, "sum");
    }

    function test_a_counter_reverts() external {
        vm.expectRevert(abi.encodeWithSelector(ICounter.TooMuch.selector, 1000, 100));
        counter.add(1000);
    }
}
