// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "../../abi/IWorkAgreement.sol";
import {IWorkerDispatcher} from "../../abi/IWorkerDispatcher.sol";
import {blockHash} from "./Chain.sol";
import {Draw} from "./Draw.sol";
import {EarlyExit} from "./EarlyExit.sol";
import {Layout, termsSize} from "./Layout.sol";
import {Agreement} from "./Lifecycle.sol";
import {Reports} from "./Reports.sol";
import {Shares, SharesOf, half} from "./Shares.sol";
import {reserve} from "./Words.sol";

/// One purchase with its escrow and its reports, behind one proxy for each purchase. Reverts every direct call.
contract WorkAgreement is Reports, EarlyExit {
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
            uint256 height = self.terms.height();
            bytes32 hash = blockHash(height);
            if (hash == 0) revert SeedNotReady(uint64(height));
            bytes16 seed = Draw.seed(hash);
            self.progress = self.progress.withStart(now_, seed);
            emit Started(uint64(now_), uint64(_end(self)), seed);
        }
        _save(self.progress.withAccepted(index));
        emit Accepted(msg.sender, uint8(index));
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

    /// Reverts if the terms do not have a window.
    function _requireWindow(Agreement memory self, uint256 window) private pure {
        uint256 windows = self.head.windows();
        if (window >= windows) revert WindowUnknown(window, uint8(windows));
    }

    function testers(uint256 window) external view returns (address[] memory accounts, bytes32[] memory keys) {
        Agreement memory self = _load();
        _requireWindow(self, window);
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
        returns (
            uint64 start,
            bytes16 seed,
            uint8 accepted,
            uint8 resigned,
            uint8 released,
            bool freed,
            uint32 length,
            uint256 left
        )
    {
        Agreement memory self = _load();
        start = uint64(self.progress.start());
        seed = self.progress.seed();
        accepted = uint8(self.progress.accepted());
        resigned = uint8(self.progress.resigned());
        released = uint8(self.progress.released());
        freed = self.progress.freed();
        length = uint32(_planned(self));
        left = self.left;
    }

    function openCalls()
        external
        view
        returns (uint64 tick, uint8 open, uint64 lastAccept, uint64 end_, uint64 due)
    {
        Agreement memory self = _load();
        uint256 now_ = _now(self);
        State state_ = _state(self, now_);
        bool running = state_ == State.Running;
        uint256 start = self.progress.start();
        tick = uint64(now_);
        lastAccept = uint64(_lastAccept(self));
        end_ = uint64(_end(self));
        due = start == 0 ? lastAccept + 1 : end_ + uint64(self.head.reportWindow());
        uint256 absent = _absent(self);
        if ((running || state_ == State.Offered) && tick <= lastAccept && absent != 0) open = 1;
        if (running) {
            if (_lengthAfterCancel(self, now_ - start) < _length(self)) open |= 2;
            if (self.progress.accepted() & ~self.progress.resigned() != 0) open |= 4;
        }
        uint256 freed = running ? 0 : _occupied(self);
        if (start != 0 && self.progress.closed() == 0 && tick > lastAccept && absent | freed != 0) open |= 8;
        if (state_ == State.Reporting) open |= 16;
        if (state_ == State.Due) open |= 32;
    }

    function shares(uint8 index, uint256 window) external view returns (uint8 best, uint8[] memory seats) {
        Agreement memory self = _load();
        _requireWindow(self, window);
        uint256 redundancy_ = self.terms.redundancy();
        if (index >= redundancy_) return (0, seats);
        Shares memory all = SharesOf.read(self.head, redundancy_);
        best = uint8(half(all.words, all.bestPosition(index, window)));
        seats = new uint8[](all.testers);
        for (uint256 seat; seat < seats.length; ++seat) {
            seats[seat] = uint8(half(all.words, all.lane * index + window * all.testers + seat));
        }
    }
}
