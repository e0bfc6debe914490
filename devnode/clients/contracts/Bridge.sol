// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {ICounter} from "./Counter.sol";
import {Agreement, Market, Quote} from "./Market.sol";

/// Calls Stylus programs in every way that Solidity offers.
contract Bridge {
    /// Slot 0, where a counter called by delegation stores its number.
    uint256 public number;

    /// A purchase ended with `agreement`, or none; `back` wei of the value were returned.
    event Bought(address agreement, uint256 back);

    receive() external payable {}

    /// The settings of a market.
    function survey(Market market) external view returns (uint32 workers, uint64 tick, address agreement) {
        return (market.workerCount(), market.tick(), market.agreement());
    }

    /// A market's result that contains a list.
    function quote(Market market, uint256 redundancy, uint256 length) external view returns (Quote memory) {
        return market.quote(redundancy, length);
    }

    /// Buys with the value sent; returned ether stays here.
    function buy(Market market, uint256 redundancy, uint256 length) external payable {
        uint256 others = address(this).balance - msg.value;
        address agreement = market.buyContract{value: msg.value}(redundancy, length);
        if (agreement != address(0)) require(Agreement(agreement).client() == address(this));
        emit Bought(agreement, address(this).balance - others);
    }

    /// Adds through a counter and passes its revert on.
    function add(ICounter counter, uint256 amount) external returns (uint256) {
        return counter.add(amount);
    }

    /// Adds through a counter and catches its revert.
    function tryAdd(ICounter counter, uint256 amount) external returns (uint256 total, bytes memory refusal) {
        try counter.add(amount) returns (uint256 sum) {
            total = sum;
        } catch (bytes memory data) {
            refusal = data;
        }
    }

    /// A low-level call.
    function call(address to, bytes calldata data) external returns (bool, bytes memory) {
        return to.call(data);
    }

    /// A low-level static call.
    function look(address to, bytes calldata data) external view returns (bool, bytes memory) {
        return to.staticcall(data);
    }

    /// Delegates to other code on this contract's storage.
    function delegate(address code, bytes calldata data) external returns (bool, bytes memory) {
        return code.delegatecall(data);
    }
}
