// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICounter} from "./Counter.sol";
import {IWorkerDispatcher, Quote} from "../../../abi/IWorkerDispatcher.sol";

/// A contract that talks to Stylus programs in all the ways that Solidity knows.
contract Bridge {
    /// Slot 0, where a counter that is called by delegation keeps its number.
    uint256 public number;

    event Bought(address agreement, uint256 kept);

    receive() external payable {}

    /// What a market says of itself, through its typed interface.
    function market(IWorkerDispatcher dispatcher)
        external
        view
        returns (uint32 workers, uint64 tick, uint32 acceptWindow, address agreement)
    {
        return
            (dispatcher.workerCount(), dispatcher.tick(), dispatcher.settings().acceptWindow, dispatcher.agreement());
    }

    /// A market's answer with a list in it, and arguments.
    function quote(IWorkerDispatcher dispatcher, uint256 redundancy, uint256 length)
        external
        view
        returns (Quote memory)
    {
        return dispatcher.quote(redundancy, length);
    }

    /// Buys with the value sent; what comes back stays here.
    function buy(IWorkerDispatcher dispatcher, uint256 redundancy, uint256 length) external payable {
        address agreement = dispatcher.buyContract{value: msg.value}(redundancy, length);
        emit Bought(agreement, address(this).balance);
    }

    /// Adds through a counter; its refusal is this contract's.
    function add(ICounter counter, uint256 amount) external returns (uint256) {
        return counter.add(amount);
    }

    /// Adds through a counter, and catches its refusal.
    function tryAdd(ICounter counter, uint256 amount) external returns (uint256 total, bytes memory refusal) {
        try counter.add(amount) returns (uint256 sum) {
            total = sum;
        } catch (bytes memory data) {
            refusal = data;
        }
    }

    /// Calls with plain data and a value.
    function call(address to, bytes calldata data) external payable returns (bool, bytes memory) {
        return to.call{value: msg.value}(data);
    }

    /// Looks with plain data.
    function look(address to, bytes calldata data) external view returns (bool, bytes memory) {
        return to.staticcall(data);
    }

    /// Lets other code work on this contract's storage.
    function delegate(address code, bytes calldata data) external returns (bool, bytes memory) {
        return code.delegatecall(data);
    }
}
