// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Setup} from "./Setup.sol";
import {creditSlot} from "./State.sol";
import {load, store} from "./Words.sol";

/// Wei that wait for their owner. The only room that sends wei to anybody; the twin of
/// dispatcher/src/credit.rs.
abstract contract Credits is Setup {
    /// Gas for a receiver that did not ask to be called.
    uint256 private constant PUSH_GAS = 50_000;

    /// Adds to what an account can withdraw.
    function _credit(address who, uint256 amount) internal {
        unchecked {
            if (amount == 0) return;
            uint256 slot = creditSlot(who);
            store(slot, load(slot) + amount);
        }
    }

    /// Sends wei under lock, so that nothing here can be called meanwhile. What the receiver returns is not
    /// looked at.
    function _send(address to, uint256 amount, uint256 most) private returns (bool taken) {
        locked = true;
        assembly ("memory-safe") {
            taken := call(most, to, amount, 0, 0, 0, 0)
        }
        locked = false;
    }

    /// Gives wei back to the buyer; credits them if it does not take them. Comes last in a call.
    function _giveBack(uint256 amount) internal {
        if (amount == 0 || _send(msg.sender, amount, PUSH_GAS)) return;
        _credit(msg.sender, amount);
        emit Credited(msg.sender, uint128(amount));
    }

    function withdraw(address to) external unlocked returns (uint128 amount) {
        uint256 slot = creditSlot(msg.sender);
        amount = uint128(load(slot));
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        store(slot, 0);
        emit Withdrawn(msg.sender, to, amount);
        if (!_send(to, amount, gasleft())) revert TransferFailed(to, amount);
    }

    function credit(address account) external view returns (uint128) {
        return uint128(load(creditSlot(account)));
    }
}
