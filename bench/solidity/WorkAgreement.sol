// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {blockHash} from "./Chain.sol";
import {Draw} from "./Draw.sol";
import {Judgement} from "./Judgement.sol";
import {Layout, termsSize} from "./Layout.sol";
import {Agreement} from "./Lifecycle.sol";
import {Reports} from "./Reports.sol";
import {max, min, reserve} from "./Words.sol";

/// One purchase with its escrow and its reports, behind one proxy for each purchase. Reverts every direct call.
contract WorkAgreement is Reports, Judgement {
    using Layout for uint256;

    /// Reverts an unknown call.
    fallback() external payable {
        revert UnknownCall(msg.data.length < 4 ? bytes4(0) : msg.sig);
    }

    // ------------------------------------------------------------------ doing
    function accept() external {
        Agreement memory self = _load();
        uint256 index = _callingWorker(self);
        if (self.progress.hasAccepted(index)) revert AlreadyAccepted(msg.sender);
        uint256 now_ = _now(self);
        State state_ = _state(self, now_);
        if (self.progress.closed() != 0 || state_ == State.Reporting) revert WrongState(state_);
        uint256 last = _lastAccept(self);
        if (now_ > last) revert TooLateToAccept(uint64(now_), uint64(last));

        if (self.progress.start() == 0) {
            uint256 height = self.head.height();
            bytes32 hash = blockHash(height);
            if (hash == 0) revert SeedNotReady(uint64(height));
            bytes16 seed = Draw.seed(hash);
            self.progress = self.progress.withStart(now_, seed);
            emit Started(uint64(now_), uint64(_end(self)), seed);
        }
        _save(self.progress.withAccepted(index));
        emit Accepted(msg.sender, uint8(index));
    }

    function cancel() external {
        Agreement memory self = _load();
        if (msg.sender != self.terms.client()) revert NotTheClient(msg.sender);
        uint256 current = _window(self);
        uint256 before = _windows(self);
        unchecked {
            uint256 windows = min(max(current + 2, self.terms.rules().minPaidWindows()), self.head.windows());
            if (windows >= before) revert CannotShorten(uint8(before));
            self.progress = self.progress.withShortened(windows);
            _save(self.progress);
            emit Cancelled(uint8(windows), uint64(_end(self)));
        }
    }

    function resign() external {
        Agreement memory self = _load();
        uint256 index = _callingWorker(self);
        if (!self.progress.hasAccepted(index)) revert NotAccepted(msg.sender);
        if (self.progress.resignedAfter(index) != 0) revert AlreadyResigned(msg.sender);
        uint256 windows = _window(self);
        _save(self.progress.withResigned(index, windows));
        emit Resigned(msg.sender, uint8(index), uint8(windows));
    }

    /// The current window of a running agreement.
    function _window(Agreement memory self) private view returns (uint256) {
        uint256 now_ = _requireState(self, State.Running);
        unchecked {
            uint256 passed = (now_ - self.progress.start()) / self.head.windowLength();
            return min(passed, self.head.windows() - 1);
        }
    }

    // ------------------------------------------------------------------ reading
    function client() external view returns (address) {
        return _load().terms.client();
    }

    function workers() external view returns (address[] memory accounts) {
        Agreement memory self = _load();
        accounts = new address[](self.terms.redundancy());
        for (uint256 index; index < accounts.length; ++index) {
            accounts[index] = self.terms.worker(index).account();
        }
    }

    function testers(uint256 window) external view returns (address[] memory accounts, bytes32[] memory keys) {
        Agreement memory self = _load();
        uint256 windows = self.head.windows();
        if (window >= windows) revert WindowUnknown(window, uint8(windows));
        uint256 count = self.progress.start() == 0 ? 0 : self.head.testers();
        uint256 sorted = reserve(count << 5);
        uint256 pool = self.terms.rules().pool();
        accounts = new address[](count);
        keys = new bytes32[](count);
        for (uint256 seat; seat < count; ++seat) {
            accounts[seat] = _tester(self, Draw.place(self.progress.seed(), window, seat, pool, sorted));
            uint256 account = uint256(uint160(accounts[seat]));
            keys[seat] = bytes32(_callDispatcher(self, IWorkerDispatcher.keyOf.selector, account, 0));
        }
    }

    function price() external view returns (uint128 sum) {
        Agreement memory self = _load();
        for (uint256 index; index < self.terms.redundancy(); ++index) {
            sum += uint128(self.terms.worker(index).price());
        }
    }

    function redundancy() external view returns (uint8) {
        return uint8(_load().terms.redundancy());
    }

    function application() external view returns (bytes8) {
        return _load().terms.application();
    }

    function end() external view returns (uint64) {
        return uint64(_end(_load()));
    }

    function terms() external view returns (bytes memory all) {
        Agreement memory self = _load();
        all = new bytes(termsSize(self.terms.redundancy()));
        uint256 from = self.terms;
        assembly ("memory-safe") {
            mcopy(add(all, 32), from, mload(all))
        }
    }

    function state() external view returns (State) {
        Agreement memory self = _load();
        return _state(self, _now(self));
    }

    function progress()
        external
        view
        returns (uint64 start, bytes16 seed, uint8 accepted, uint8 windows, uint64 resigned)
    {
        Agreement memory self = _load();
        start = uint64(self.progress.start());
        seed = self.progress.seed();
        accepted = uint8(self.progress.accepted());
        windows = uint8(_windows(self));
        resigned = uint64(self.progress.resigned());
    }
}
