// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICounter} from "./Counter.sol";
import {Agreement, Market, Quote} from "./Market.sol";

/// A contract that talks to Stylus programs in all the ways that Solidity knows.
contract Bridge {
    /// Slot 0, where a counter that is called by delegation keeps its number.
    uint256 public number;

    /// A purchase ended with `agreement`, or none; `back` wei of what was sent came back.
    event Bought(address agreement, uint256 back);

    receive() external payable {}

    /// What a market says of itself.
    function survey(Market market) external view returns (uint32 workers, uint64 tick, address agreement) {
        return (market.workerCount(), market.tick(), market.agreement());
    }

    /// A market's answer with a list in it.
    function quote(Market market, uint256 redundancy, uint256 length) external view returns (Quote memory) {
        return market.quote(redundancy, length);
    }

    /// Buys with the value sent; what comes back stays here.
    function buy(Market market, uint256 redundancy, uint256 length) external payable {
        uint256 others = address(this).balance - msg.value;
        address agreement = market.buyContract{value: msg.value}(redundancy, length);
        if (agreement != address(0)) require(Agreement(agreement).client() == address(this));
        emit Bought(agreement, address(this).balance - others);
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

    /// Calls with plain data.
    function call(address to, bytes calldata data) external returns (bool, bytes memory) {
        return to.call(data);
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
