// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {tickAt} from "./Chain.sol";
import {Registry} from "./Registry.sol";
import {Account, Book, Identities, Identity, TESTER_LISTS, placeSlot} from "./State.sol";
import {load, store} from "./Words.sol";

/// Tester lists by epoch; they are append-only. Rust: dispatcher/src/testers.rs.
abstract contract Testers is Registry {
    function registerTester(bytes32 key) external payable unlocked returns (uint32) {
        if (msg.value < TESTER_BOND) revert StakeTooLow(uint128(msg.value), uint128(TESTER_BOND));
        (uint256 number,,, Book all) = _join(TESTER, key);
        all.write(TESTER);
        return uint32(number);
    }

    function checkIn() external unlocked {
        unchecked {
            (uint256 number, Account account) = _caller();
            Identity identity = Identities.read(number);
            bytes8 application = identity.application();
            if (application != TESTER) revert WrongApplication(application);
            uint256 have = account.stake();
            if (have < TESTER_BOND) revert StakeTooLow(uint128(have), uint128(TESTER_BOND));
            uint256 now_ = _epochAt(tickAt(SECONDS));
            uint256 next = now_ + 1;
            uint256 last = identity.lastEpoch();
            if (last == next) revert AlreadyCheckedIn(uint32(next));
            if (now_ == 0 || last != now_) {
                uint256 length = load(TESTER_LISTS | now_);
                if (length < MIN_POOL) _append(now_, length);
            }
            _append(next, load(TESTER_LISTS | next));
            identity.withLastEpoch(next).write(number);
        }
    }

    /// Appends the caller to an epoch's list.
    function _append(uint256 epoch_, uint256 place) private {
        unchecked {
            store(TESTER_LISTS | epoch_, place + 1);
            store(placeSlot(epoch_, place), uint160(msg.sender));
            emit CheckedIn(msg.sender, uint32(epoch_), uint32(place));
        }
    }

    function testerCount(uint32 epoch_) external view returns (uint32) {
        return uint32(load(TESTER_LISTS | epoch_));
    }

    function testerAt(uint32 epoch_, uint32 place) external view returns (address) {
        return address(uint160(load(placeSlot(epoch_, place))));
    }
}
