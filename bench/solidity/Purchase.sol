// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Order, Reason} from "../../abi/IWorkerDispatcher.sol";
import {blockHeight} from "./Chain.sol";
import {Choice, Chosen} from "./Choice.sol";
import {Head, Heads, Layout, MAX_REDUNDANCY, Rules, RulesOf, termsSize} from "./Layout.sol";
import {Account, Accounts, ROOT} from "./State.sol";
import {U32, load, min, peek, store} from "./Words.sol";

/// Buying: the order of steps behind `buyContract`; the twin of dispatcher/src/purchase.rs. A purchase never
/// reverts for what it asks.
abstract contract Purchase is Choice {
    using Layout for uint256;

    function buyContract(uint256 redundancy, uint256 length) external payable unlocked returns (address) {
        return _sell(_usual(redundancy, length), false, _nobody());
    }

    function buyContract(Order calldata order) external payable unlocked returns (address) {
        return _sell(order, false, _nobody());
    }

    function hire(Order calldata order, uint32[] calldata hired) external payable unlocked returns (address) {
        if (hired.length > MAX_REDUNDANCY) revert MalformedCall(10);
        return _sell(order, true, hired);
    }

    /// Sells what the order asks for to the caller.
    function _sell(Order memory order, bool hiring, uint32[] calldata hired) private returns (address account) {
        unchecked {
            // Checks.
            uint256 height = blockHeight();
            uint256 now_ = SECONDS ? block.timestamp : height;
            (Reason reason, Chosen memory chosen) = _choose(order, hiring, hired, now_);
            if (reason != Reason.None) return _turnAway(reason, 0);
            uint256 escrow = chosen.escrow;
            if (msg.value < escrow) return _turnAway(Reason.ValueTooLow, escrow);

            // Effects.
            uint256 root = load(ROOT) + (1 << 32);
            store(ROOT, root);
            for (uint256 i; i < chosen.redundancy; ++i) _engage(chosen, i);
            account = _create(order, chosen, (root >> 32) & U32, now_, height);
            emit ContractBought(account, msg.sender, uint128(escrow), _accounts(chosen));

            // Interaction, last.
            _giveBack(msg.value - escrow);
        }
    }

    /// Refuses a purchase: says why, gives the whole value back, returns zero.
    function _turnAway(Reason reason, uint256 required) private returns (address) {
        emit PurchaseRefused(msg.sender, reason, uint128(required), uint128(msg.value));
        _giveBack(msg.value);
        return address(0);
    }

    /// Locks a worker's bond and one of its slots; it leaves the book if it has no more of either.
    function _engage(Chosen memory chosen, uint256 index) private {
        unchecked {
            address worker = chosen.terms.worker(index).account();
            uint256 party = chosen.parties + (index << 6);
            uint256 number = peek(party);
            Account account = Accounts.read(worker).engaged(peek(party + 32));
            account.write(worker);
            _dropUnfit(number, account, worker);
        }
    }

    /// Creates the agreement with its escrow.
    function _create(Order memory order, Chosen memory chosen, uint256 number, uint256 now_, uint256 height)
        private
        returns (address account)
    {
        unchecked {
            uint256 terms = chosen.terms;
            uint256 size = termsSize(chosen.redundancy);
            uint256 init = terms.putProxy(AGREEMENT, size);
            terms.putParties(msg.sender, number, order.application, SECONDS, now_);
            uint256 least = min((MIN_LENGTH + chosen.quantum - 1) / chosen.quantum, order.windows);
            Head head = Heads.make(height, chosen.length, ACCEPT_WINDOW, REPORT_WINDOW);
            Rules rules = RulesOf.make(MIN_BOND, TESTER_FEE_BPS, MIN_TESTER_FEE);
            terms.putNumbers(
                head.withSeats(order.windows, order.testers, BOND_BPS),
                rules.withPool(least, chosen.epoch, chosen.pool, chosen.redundancy)
            );
            uint256 escrow = chosen.escrow;
            assembly ("memory-safe") {
                account := create2(escrow, init, add(size, 55), 0)
            }
            if (account == address(0)) revert CreationFailed();
        }
    }
}
