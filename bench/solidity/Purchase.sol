// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Order, Reason} from "../../abi/IWorkerDispatcher.sol";
import {blockHeight} from "./Chain.sol";
import {Selection, Selected} from "./Selection.sol";
import {Head, Heads, Layout, MAX_REDUNDANCY, Rules, RulesOf, termsSize} from "./Layout.sol";
import {Account, Accounts, COUNTERS} from "./State.sol";
import {U32, load, peek, store} from "./Words.sol";

/// The steps of a purchase. An order that cannot be bought is rejected with an event, not reverted. Rust:
/// dispatcher/src/purchase.rs.
abstract contract Purchase is Selection {
    using Layout for uint256;

    function buyContract(uint256 redundancy, uint256 length) external payable unlocked returns (address) {
        (uint256 height, uint256 now_) = _moment();
        return _purchase(_defaultOrder(redundancy, length, now_), false, _noWorkers(), height, now_);
    }

    function buyContract(Order calldata order) external payable unlocked returns (address) {
        (uint256 height, uint256 now_) = _moment();
        return _purchase(order, false, _noWorkers(), height, now_);
    }

    function hire(Order calldata order, uint32[] calldata hired) external payable unlocked returns (address) {
        if (hired.length > MAX_REDUNDANCY) revert MalformedCall(10);
        (uint256 height, uint256 now_) = _moment();
        return _purchase(order, true, hired, height, now_);
    }

    /// The current L2 block and tick.
    function _moment() private view returns (uint256 height, uint256 now_) {
        height = blockHeight();
        now_ = SECONDS ? block.timestamp : height;
    }

    /// Buys an order for the caller.
    function _purchase(Order memory order, bool hiring, uint32[] calldata hired, uint256 height, uint256 now_)
        private
        returns (address account)
    {
        unchecked {
            // Checks.
            (Reason reason, Selected memory chosen) = _selectWorkers(order, hiring, hired, now_);
            if (reason != Reason.None) return _rejectPurchase(reason, 0);
            uint256 escrow = chosen.escrow;
            if (msg.value < escrow) return _rejectPurchase(Reason.ValueTooLow, escrow);

            // Effects.
            uint256 root = load(COUNTERS) + (1 << 32);
            store(COUNTERS, root);
            for (uint256 i; i < chosen.redundancy; ++i) _lockBond(chosen, i);
            account = _createAgreement(order, chosen, (root >> 32) & U32, now_, height);
            emit ContractBought(account, msg.sender, uint128(escrow), _accounts(chosen));

            // Interaction, last.
            _refund(msg.value - escrow);
        }
    }

    /// Rejects a purchase: emits the reason, refunds the whole value and returns zero.
    function _rejectPurchase(Reason reason, uint256 required) private returns (address) {
        emit PurchaseRefused(msg.sender, reason, uint128(required), uint128(msg.value));
        _refund(msg.value);
        return address(0);
    }

    /// Locks a worker's bond and one of its slots, and removes the worker from the book if it no longer qualifies.
    function _lockBond(Selected memory chosen, uint256 index) private {
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
    function _createAgreement(Order memory order, Selected memory chosen, uint256 number, uint256 now_, uint256 height)
        private
        returns (address account)
    {
        unchecked {
            uint256 terms = chosen.terms;
            uint256 size = termsSize(chosen.redundancy);
            uint256 init = terms.putProxy(AGREEMENT, size);
            terms.putParties(msg.sender, number, order.application, SECONDS, now_, height);
            Head head = Heads.make(chosen.length, ACCEPT_WINDOW, REPORT_WINDOW);
            Rules rules = RulesOf.make(MIN_BOND, TESTER_FEE_BPS, MIN_TESTER_FEE);
            terms.putNumbers(
                head.withSeats(order.windows, order.testers).withBond(BOND_BPS, MIN_BOND),
                rules.withProbes(MIN_LENGTH, PROBES).withPool(chosen.epoch, chosen.pool, chosen.redundancy)
            );
            uint256 escrow = chosen.escrow;
            assembly ("memory-safe") {
                account := create2(escrow, init, add(size, 55), 0)
            }
            if (account == address(0)) revert CreationFailed();
        }
    }
}
