// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Entry, State} from "../../abi/IWorkAgreement.sol";
import {Layout, MAX_REDUNDANCY} from "./Layout.sol";
import {Agreement, Lifecycle} from "./Lifecycle.sol";
import {ReportLayout, ReportLayouts, reportSlot} from "./Progress.sol";
import {Receipts} from "./Receipts.sol";
import {load, store} from "./Words.sol";

/// A tester's report on all workers, sent once, after the end. Rust: agreement/src/reports.rs.
abstract contract Reports is Lifecycle {
    using Layout for uint256;

    function report(uint32 place, bytes32 salt, Entry[] calldata entries) external {
        unchecked {
            if (entries.length > MAX_REDUNDANCY) revert MalformedCall(3);
            Agreement memory self = _load();
            _requireState(self, State.Reporting);
            uint256 pool = self.terms.rules().pool();
            if (place >= pool) revert PlaceOutOfRange(place, uint32(pool));
            if (_tester(self, place) != msg.sender) revert NotTheTester(place, msg.sender);
            ReportLayout lanes = ReportLayouts.of_(self.head.windows());
            uint256 before = load(reportSlot(place, 0));
            if (lanes.word(self.terms.redundancy() - 1) != 0) before |= load(reportSlot(place, 1));
            if (before != 0) revert AlreadyReported(place);

            bytes32 session = Receipts.session(msg.sender, salt);
            (uint256 first, uint256 second) = _read(self, lanes, session, entries);
            if (entries.length == 0) revert NothingReported();
            if (first != 0) store(reportSlot(place, 0), first);
            if (second != 0) store(reportSlot(place, 1), second);
            _emitReported(place, entries);
        }
    }

    /// Checks all entries and packs them into report words.
    function _read(Agreement memory self, ReportLayout lanes, bytes32 session, Entry[] calldata entries)
        private
        view
        returns (uint256 first, uint256 second)
    {
        unchecked {
            bytes32 domain = Receipts.domain();
            uint256 redundancy = self.terms.redundancy();
            uint256 windows = self.head.windows();
            uint256 minIndex;
            for (uint256 i; i < entries.length; ++i) {
                Entry calldata entry = entries[i];
                (uint256 index, uint256 checked, uint256 served) = (entry.index, entry.checked, entry.served);
                bool fits = index >= minIndex && index < redundancy && checked != 0 && served & ~checked == 0;
                if (!fits) revert BadEntry(uint8(i));
                if (checked >> windows != 0) revert WindowOutOfRange(uint8(i), uint8(windows));
                if (served != 0) {
                    address signer = Receipts.signer(domain, session, served, entry.r, entry.vs);
                    bool signed = signer == self.terms.worker(index).account() && signer != address(0);
                    if (!signed) revert BadReceipt(uint8(i));
                }
                minIndex = index + 1;
                uint256 bits = ((checked << lanes.half()) | served) << lanes.start(index);
                if (lanes.word(index) == 0) first |= bits;
                else second |= bits;
            }
        }
    }

    /// Emits `Reported` with the first three words of each entry.
    function _emitReported(uint256 place, Entry[] calldata entries) private {
        bytes32 topic = Reported.selector;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, place)
            mstore(add(data, 32), 64)
            mstore(add(data, 64), entries.length)
            let to := add(data, 96)
            let end := add(entries.offset, mul(entries.length, 160))
            for { let entry := entries.offset } lt(entry, end) { entry := add(entry, 160) } {
                calldatacopy(to, entry, 96)
                to := add(to, 96)
            }
            log2(data, sub(to, data), topic, caller())
        }
    }

    function reported(uint32 place, uint8 index) external view returns (uint32 checked, uint32 served) {
        ReportLayout lanes = ReportLayouts.of_(_load().head.windows());
        uint256 bits = load(reportSlot(place, lanes.word(index))) >> lanes.start(index);
        if (lanes.isWide()) return (uint32(bits >> 32), uint32(bits));
        return (uint16(bits >> 16), uint16(bits));
    }
}
