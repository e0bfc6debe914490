//! The agreement: its states, what testers report, its end.

use alloy_sol_types::sol;

sol! {
    /// Where an agreement is in its life.
    #[derive(Debug, PartialEq, Eq)]
    enum State {
        /// Paid; no worker has accepted yet.
        Offered,
        /// Between start and end.
        Running,
        /// Ended; testers may report.
        Reporting,
        /// Anybody may settle.
        Due,
        /// Paid out.
        Settled,
        /// Nobody accepted; the client has its money back.
        Void
    }

    /// What a tester saw of one worker: bit k stands for window k.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Entry {
        /// Place of the worker in the agreement.
        uint8 index;
        /// Windows in which it was probed.
        uint32 checked;
        /// Windows in which it served; a subset of `checked`.
        uint32 served;
        /// The worker's receipt for exactly `served`, as a compact signature (EIP-2098); zero if nothing was served.
        bytes32 r;
        bytes32 vs;
    }

    /// What a tester said of one worker: an entry without its receipt.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Finding {
        /// Place of the worker in the agreement.
        uint8 index;
        /// Windows in which it was probed, and windows in which it served.
        uint32 checked;
        uint32 served;
    }

    #[derive(Debug, PartialEq, Eq)]
    interface IWorkAgreement {
        // ------------------------------------------------------------------ events
        event Accepted(address indexed worker, uint8 index);
        /// The first worker accepted: the clock runs, the testers of every window are known.
        event Started(uint64 start, uint64 end, bytes16 seed);
        event Reported(address indexed tester, uint32 place, Finding[] findings);
        /// The client cut the agreement short: it ends after `windows` windows, at `end`.
        event Cancelled(uint8 windows, uint64 end);
        /// A worker left; it is judged for the `windows` windows that were finished.
        event Resigned(address indexed worker, uint8 index, uint8 windows);
        /// All its wei went to the dispatcher; `state` is Settled or Void.
        event Closed(State state);

        // ------------------------------------------------------------------ errors
        error MalformedCall(uint32 word);
        error UnknownCall(bytes4 selector);
        error NotPayable(uint128 value);
        /// The implementation was called directly; only its agreements answer.
        error NotAnAgreement(address caller);
        /// The call belongs to another state.
        error WrongState(State state);
        /// The caller is not one of this agreement's workers.
        error NotAWorker(address caller);
        error AlreadyAccepted(address worker);
        /// The last tick to accept was `last`.
        error TooLateToAccept(uint64 tick, uint64 last);
        /// The hash of the purchase's block is not known yet: accept in a later block.
        error SeedNotReady(uint64 purchaseBlock);
        /// The caller does not hold this place in the agreement's list of testers.
        error NotTheTester(uint32 place, address caller);
        error PlaceOutOfRange(uint32 place, uint32 pool);
        error AlreadyReported(uint32 place);
        error NotTheClient(address caller);
        /// Nothing is left to cancel: it ends after `windows` windows as it is.
        error CannotShorten(uint8 windows);
        /// The worker did not accept.
        error NotAccepted(address worker);
        error AlreadyResigned(address worker);
        /// Entry number `entry` has no receipt of its worker for what it says was served.
        error BadReceipt(uint8 entry);
        error NothingReported();
        /// Entry number `entry` names no worker, is out of order, or claims service that was not checked.
        error BadEntry(uint8 entry);
        /// Entry number `entry` has bits of windows that the agreement does not have.
        error WindowOutOfRange(uint8 entry, uint8 windows);
        error WindowUnknown(uint256 window, uint8 windows);
        /// The dispatcher did not answer, or did not take the settlement.
        error SettlementFailed();

        // ------------------------------------------------------------------ reading
        function client() external view returns (address);
        function workers() external view returns (address[] memory);
        /// Accounts and keys of the testers of a window, in order of seats; none before the first accept.
        function testers(uint256 window) external view returns (address[] memory accounts, bytes32[] memory keys);
        /// Wei per tick, of all workers together.
        function price() external view returns (uint128);
        function redundancy() external view returns (uint8);
        function application() external view returns (bytes8);
        /// The tick in which it ends; 0 until the first worker has accepted.
        function end() external view returns (uint64);
        /// Everything that never changes, in the layout of `muster_protocol::layout`.
        function terms() external view returns (bytes memory);
        function state() external view returns (State);
        /// What changes: start and seed (0 before the first accept), who accepted (bit = place of the worker), how
        /// many windows are judged, and who resigned: 5 bits for each worker, 0 = stays, else its finished
        /// windows + 1.
        function progress() external view returns (uint64 start, bytes16 seed, uint8 accepted, uint8 windows, uint64 resigned);
        /// What the tester at `place` reported of worker `index`.
        function reported(uint32 place, uint8 index) external view returns (uint32 checked, uint32 served);

        // ------------------------------------------------------------------ doing
        /// A chosen worker takes the work, in a later block than the purchase's.
        function accept() external;
        /// The client ends it after the window of now and one more, but not before the shortest length.
        function cancel() external;
        /// A worker that accepted leaves; it is judged for the finished windows and loses a tenth of its bond.
        function resign() external;
        /// What the caller, at `place` of the agreement's tester list, saw of all workers. Once. `salt` is the one
        /// that, with the caller's account, makes the session that the receipts name.
        function report(uint32 place, bytes32 salt, Entry[] calldata entries) external;
        /// Pays everybody. Anybody may, when it is due. `hints`: for each worker, whom to stand behind in its book.
        function settle(uint32[] calldata hints) external;
    }
}
