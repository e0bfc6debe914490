// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {console} from "hardhat/console.sol";

/// A till with tokens: everything that a matcher looks at.
contract Till {
    /// `by` paid `amount` wei.
    event Paid(address indexed by, uint256 amount);

    /// `amount` is more than the `limit`.
    error TooMuch(uint256 amount, uint256 limit);

    mapping(address => uint256) public balanceOf;
    uint256 public paid;

    constructor(uint256 tokens) {
        balanceOf[msg.sender] = tokens;
    }

    function pay() external payable {
        if (msg.value > 100) revert TooMuch(msg.value, 100);
        paid += msg.value;
        console.log("paid %d", msg.value);
        emit Paid(msg.sender, msg.value);
    }

    /// Pays ether out, to one account and the half of it to another.
    function payOut(address to, address other, uint256 amount) external {
        send(to, amount);
        send(other, amount / 2);
    }

    function send(address to, uint256 amount) private {
        (bool sent,) = to.call{value: amount}("");
        require(sent);
    }

    function transfer(address to, uint256 tokens) external returns (bool) {
        require(balanceOf[msg.sender] >= tokens, "not enough tokens");
        balanceOf[msg.sender] -= tokens;
        balanceOf[to] += tokens;
        return true;
    }

    function divide(uint256 by) external view returns (uint256) {
        return paid / by;
    }

    function refuse() external pure {
        revert();
    }
}
