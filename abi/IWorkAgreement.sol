// SPDX-License-Identifier: MIT OR Apache-2.0
// Exported by the contract; change protocol/src/abi instead.
pragma solidity ^0.8.24;
/// The state of an agreement.
enum State {
    /// Paid; no worker has accepted yet.
    Offered,
    /// Between start and end.
    Running,
    /// Ended; testers may report.
    Reporting,
    /// Anyone may settle it.
    Due,
    /// Paid out.
    Settled,
    /// No worker accepted; the client's money was credited back.
    Void
}

/// A tester's report on one worker: bit k stands for window k.
struct Entry {
    /// Index of the worker in the agreement.
    uint8 index;
    /// Windows in which it was probed.
    uint32 checked;
    /// Windows in which it served; a subset of `checked`.
    uint32 served;
    /// The worker's receipt for exactly `served`, as a compact signature (EIP-2098); zero if nothing was served.
    bytes32 r;
    bytes32 vs;
}

/// An `Entry` without its receipt, as events carry it.
struct Finding {
    /// Index of the worker in the agreement.
    uint8 index;
    /// Windows in which it was probed, and windows in which it served.
    uint32 checked;
    uint32 served;
}

interface IWorkAgreement {
    // ------------------------------------------------------------------ events
    event Accepted(address indexed worker, uint8 index);
    /// The first worker accepted. The agreement runs, and the testers of every window are fixed.
    event Started(uint64 start, uint64 end, bytes16 seed);
    event Reported(address indexed tester, uint32 place, Finding[] findings);
    /// The client cancelled: the agreement ends after `windows` windows, at `end`.
    event Cancelled(uint8 windows, uint64 end);
    /// A worker resigned; it is judged for the `windows` windows that it finished.
    event Resigned(address indexed worker, uint8 index, uint8 windows);
    /// The agreement sent all its wei to the dispatcher; `state` is Settled or Void.
    event Closed(State state);

    // ------------------------------------------------------------------ errors
    error MalformedCall(uint32 word);
    error UnknownCall(bytes4 selector);
    error NotPayable(uint128 value);
    /// The call went to the implementation, not to an agreement.
    error NotAnAgreement(address caller);
    /// The call is not allowed in this state.
    error WrongState(State state);
    /// The caller is not one of this agreement's workers.
    error NotAWorker(address caller);
    error AlreadyAccepted(address worker);
    /// The last tick to accept was `last`.
    error TooLateToAccept(uint64 tick, uint64 last);
    /// The hash of the purchase's block is not available yet: accept in a later block.
    error SeedNotReady(uint64 purchaseBlock);
    /// The caller does not hold this place in the agreement's list of testers.
    error NotTheTester(uint32 place, address caller);
    error PlaceOutOfRange(uint32 place, uint32 pool);
    error AlreadyReported(uint32 place);
    error NotTheClient(address caller);
    /// Cancelling would not shorten the agreement: it already ends after `windows` windows.
    error CannotShorten(uint8 windows);
    /// The worker did not accept.
    error NotAccepted(address worker);
    error AlreadyResigned(address worker);
    /// Entry number `entry` has no valid receipt from its worker for `served`.
    error BadReceipt(uint8 entry);
    error NothingReported();
    /// Entry number `entry` names no worker, is out of order, checks nothing, or claims service in unchecked windows.
    error BadEntry(uint8 entry);
    /// Entry number `entry` has bits for windows that the agreement does not have.
    error WindowOutOfRange(uint8 entry, uint8 windows);
    error WindowUnknown(uint256 window, uint8 windows);
    /// A call to the dispatcher failed.
    error SettlementFailed();

    // ------------------------------------------------------------------ views
    function client() external view returns (address);
    function workers() external view returns (address[] memory);
    /// Accounts and message keys of the testers of a window, in seat order; empty before the first accept.
    function testers(uint256 window) external view returns (address[] memory accounts, bytes32[] memory keys);
    /// The sum of the workers' prices, in wei per tick.
    function price() external view returns (uint128);
    function redundancy() external view returns (uint8);
    function application() external view returns (bytes8);
    /// The first tick after the agreement; 0 until the first worker accepts.
    function end() external view returns (uint64);
    /// The immutable terms, encoded as in `muster_protocol::layout`.
    function terms() external view returns (bytes memory);
    function state() external view returns (State);
    /// The mutable state: start and seed (0 before the first accept), who accepted (bit i is worker i), how many
    /// windows are judged, and who resigned (5 bits for each worker: 0 = has not resigned, otherwise its finished
    /// windows + 1).
    function progress() external view returns (uint64 start, bytes16 seed, uint8 accepted, uint8 windows, uint64 resigned);
    /// The report of the tester at `place` on worker `index`; zero if there is none.
    function reported(uint32 place, uint8 index) external view returns (uint32 checked, uint32 served);

    // ------------------------------------------------------------------ transactions
    /// The calling worker accepts the work. Not possible in the block of the purchase.
    function accept() external;
    /// The client ends the agreement after the current window and one more, but not before `minLength`.
    function cancel() external;
    /// The calling worker resigns: it is judged for its finished windows and loses a tenth of its bond.
    function resign() external;
    /// Reports on all workers, once. `place` is the caller's place in the agreement's tester list; the receipts
    /// must name the session that follows from the caller's account and `salt`.
    function report(uint32 place, bytes32 salt, Entry[] calldata entries) external;
    /// Settles a due agreement and pays all parties. Anyone may call it. `hints` has, for each worker, the number
    /// of the worker after which to insert it into its book.
    function settle(uint32[] calldata hints) external;
}
