// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Clock, IWorkerDispatcher, Settings} from "../../abi/IWorkerDispatcher.sol";
import {blockHeight, tickAt} from "./Chain.sol";
import {Money} from "./Money.sol";
import {U32, U64, min} from "./Words.sol";

/// The constructor, the deployment constants (immutables, so part of the code) and the clock. Rust:
/// dispatcher/src/setup.rs.
abstract contract Setup is IWorkerDispatcher {
    /// The application of testers.
    bytes8 internal constant TESTER = "tester";

    bool internal immutable SECONDS;
    uint256 internal immutable ACCEPT_WINDOW;
    uint256 internal immutable REPORT_WINDOW;
    uint256 internal immutable MIN_LENGTH;
    uint256 internal immutable MAX_AGREEMENT;
    uint256 internal immutable MIN_WINDOW;
    uint256 internal immutable EPOCH_LENGTH;
    uint256 internal immutable LOCK_EPOCHS;
    uint256 internal immutable MIN_POOL;
    uint256 internal immutable PROBES;
    uint256 internal immutable MIN_PROMISE;
    uint256 internal immutable BOND_BPS;
    uint256 internal immutable TESTER_FEE_BPS;
    uint256 internal immutable MIN_BOND;
    uint256 internal immutable MIN_TESTER_FEE;
    uint256 internal immutable TESTER_BOND;
    uint256 internal immutable UNIT;
    address internal immutable AGREEMENT;
    /// The L2 block of the constructor.
    uint256 private immutable CREATED;

    /// Whether the contract is sending wei.
    bool internal transient locked;

    /// Reverts a call that arrives while the contract is sending wei.
    modifier unlocked() {
        if (locked) revert Reentered();
        _;
    }

    constructor(Settings memory s, address agreement_) {
        uint256 held = uint256(s.acceptWindow) + s.reportWindow;
        // The seed needs a block hash that the chain still knows.
        _demand(s.acceptWindow > 0 && s.acceptWindow <= 86_400, 1);
        _demand(s.reportWindow > 0, 2);
        // A client pays for at least half of the time for which it holds a worker's slot, and an order of twice the
        // shortest length has room for four windows.
        _demand(s.minLength >= held && s.minLength >> 1 >= s.minWindow, 3);
        // A tester's stake is locked for as long as an agreement can ask it for reports.
        _demand(s.maxAgreement >= s.minLength, 4);
        _demand(held + s.maxAgreement <= uint256(s.epochLength) * s.lockEpochs, 4);
        // A worker that accepts late still has half of window 0.
        _demand(s.minWindow >= 2 * uint256(s.acceptWindow) && s.minWindow >= s.probes, 5);
        _demand(s.minPool >= 3, 8);
        _demand(s.probes > 0 && s.probes <= 60, 9);
        _demand(s.minPromise > 0 && s.minPromise <= Money.BPS, 10);
        _demand(s.bondBps <= Money.BPS, 11);
        _demand(s.testerFeeBps <= Money.BPS, 12);
        _demand(s.minBond < 1 << 72, 13);
        _demand(s.minTesterFee <= U64, 14);
        _demand(s.testerBond < 1 << 80, 15);
        // A bought score costs real fees.
        _demand(s.reputationUnit > 0 && s.reputationUnit >= 12 * uint256(s.minTesterFee), 16);
        _demand(s.reputationUnit < Money.PRICE_LIMIT, 16);
        _demand(agreement_ != address(0), 17);
        SECONDS = s.clock == Clock.Second;
        ACCEPT_WINDOW = s.acceptWindow;
        REPORT_WINDOW = s.reportWindow;
        MIN_LENGTH = s.minLength;
        MAX_AGREEMENT = s.maxAgreement;
        MIN_WINDOW = s.minWindow;
        EPOCH_LENGTH = s.epochLength;
        LOCK_EPOCHS = s.lockEpochs;
        MIN_POOL = s.minPool;
        PROBES = s.probes;
        MIN_PROMISE = s.minPromise;
        BOND_BPS = s.bondBps;
        TESTER_FEE_BPS = s.testerFeeBps;
        MIN_BOND = s.minBond;
        MIN_TESTER_FEE = s.minTesterFee;
        TESTER_BOND = s.testerBond;
        UNIT = s.reputationUnit;
        AGREEMENT = agreement_;
        CREATED = blockHeight();
    }

    function _demand(bool holds, uint8 index) private pure {
        if (!holds) revert BadSetting(index);
    }

    function settings() external view returns (Settings memory s) {
        s.clock = SECONDS ? Clock.Second : Clock.ArbBlock;
        s.acceptWindow = uint32(ACCEPT_WINDOW);
        s.reportWindow = uint32(REPORT_WINDOW);
        s.minLength = uint32(MIN_LENGTH);
        s.maxAgreement = uint32(MAX_AGREEMENT);
        s.minWindow = uint32(MIN_WINDOW);
        s.epochLength = uint32(EPOCH_LENGTH);
        s.lockEpochs = uint8(LOCK_EPOCHS);
        s.minPool = uint32(MIN_POOL);
        s.probes = uint8(PROBES);
        s.minPromise = uint16(MIN_PROMISE);
        s.bondBps = uint16(BOND_BPS);
        s.testerFeeBps = uint16(TESTER_FEE_BPS);
        s.minBond = uint128(MIN_BOND);
        s.minTesterFee = uint128(MIN_TESTER_FEE);
        s.testerBond = uint128(TESTER_BOND);
        s.reputationUnit = uint128(UNIT);
    }

    function agreement() external view returns (address) {
        return AGREEMENT;
    }

    function createdAt() external view returns (uint64) {
        return uint64(CREATED);
    }

    function tick() external view returns (uint64) {
        return uint64(tickAt(SECONDS));
    }

    function epoch() external view returns (uint32) {
        return uint32(_epochAt(tickAt(SECONDS)));
    }

    /// The tester epoch of a tick.
    function _epochAt(uint256 tick_) internal view returns (uint256) {
        return min(tick_ / EPOCH_LENGTH, U32);
    }
}
