// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Setup} from "./Setup.sol";
import {creditSlot} from "./State.sol";
import {load, store} from "./Words.sol";

/// Wei that accounts can withdraw. The only contract here that sends wei to an account. Rust:
/// dispatcher/src/credit.rs.
abstract contract Credits is Setup {
    /// Gas for the receiver of a refund, which did not ask to be called.
    uint256 private constant REFUND_GAS = 50_000;

    /// Adds wei to the credit of an account.
    function _credit(address who, uint256 amount) internal {
        unchecked {
            if (amount == 0) return;
            uint256 slot = creditSlot(who);
            store(slot, load(slot) + amount);
        }
    }

    /// Sends wei while the lock is held, so that the receiver cannot call back in. Ignores the return data.
    function _send(address to, uint256 amount, uint256 most) private returns (bool taken) {
        locked = true;
        assembly ("memory-safe") {
            taken := call(most, to, amount, 0, 0, 0, 0)
        }
        locked = false;
    }

    /// Sends wei back to the client, or credits them if the transfer fails. Must be the last step of a call.
    function _refund(uint256 amount) internal {
        if (amount == 0 || _send(msg.sender, amount, REFUND_GAS)) return;
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
