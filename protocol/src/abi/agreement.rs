//! The agreement's interface: its states, reports and settlement.

use alloy_sol_types::sol;

sol! {
    /// The state of an agreement.
    #[derive(Debug, PartialEq, Eq)]
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

    #[derive(Debug, PartialEq, Eq)]
    interface IWorkAgreement {
        // ------------------------------------------------------------------ events
        event Accepted(address indexed worker, uint8 index);
        /// The first worker accepted. The agreement runs, and the testers of every window are fixed.
        event Started(uint64 start, uint64 end, bytes16 seed);
        /// Four bytes for each worker and window: index of the worker, window, probes made, probes served.
        event Reported(address indexed tester, uint32 place, bytes findings);
        /// A report of a batch was not stored; `reason` is the selector of the error that `report` would return.
        event ReportSkipped(uint32 place, bytes4 reason);
        /// The client cancelled: the agreement ends after `windows` windows, at `end`.
        event Cancelled(uint8 windows, uint64 end);
        /// A worker resigned; it is judged until `tick`.
        event Resigned(address indexed worker, uint8 index, uint64 tick);
        /// The workers in `absent` were settled, and the slots of those in `freed` are free (bit i is worker i).
        event Released(uint8 absent, uint8 freed);
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
        /// Cancelling would not shorten the agreement: it already ends at `end`.
        error CannotShorten(uint64 end);
        /// The worker did not accept.
        error NotAccepted(address worker);
        error AlreadyResigned(address worker);
        /// Workers can be released from the tick after `last` on.
        error TooEarlyToRelease(uint64 tick, uint64 last);
        /// No worker is absent, and no slot can be freed yet or any more.
        error NothingToRelease();
        /// Entry number `entry` has no valid receipt of its worker for this session and window, or claims more than twice
        /// as many served probes as the receipt has parts.
        error BadReceipt(uint8 entry);
        error NothingReported();
        /// Entry number `entry` is truncated, names no worker, is out of order, or claims more probes than were due or more
        /// served than made.
        error BadEntry(uint8 entry);
        /// Entry number `entry` is about a window in which its worker is not judged.
        error WindowOutOfRange(uint8 entry, uint8 window);
        /// Entry number `entry` is about a window in which the place has no seat.
        error NoSeat(uint8 entry, uint8 window);
        /// Entry number `entry` has `made` probes; `needed` are the fewest that count.
        error TooFewProbes(uint8 entry, uint8 made, uint8 needed);
        /// The report that begins at byte `offset` of the batch is truncated.
        error BadBatch(uint32 offset);
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
        /// The mutable state: start and seed (0 before the first accept); who accepted, resigned, and was released as absent
        /// (bit i is worker i); whether a release freed all slots; the ticks from start to end, early end apart; and the ticks from
        /// the start until each worker resigned (32 bits for each, worker 0 in the lowest).
        function progress() external view returns (uint64 start, bytes16 seed, uint8 accepted, uint8 resigned, uint8 released, bool freed, uint32 length, uint256 left);
        /// The calls that are open at `tick`, as bits: 0 accept, 1 cancel, 2 resign, 3 release, 4 report, 5 settle; and the
        /// ticks that open and close them: the last to accept, the end (0 before the first accept), the first to settle.
        function openCalls() external view returns (uint64 tick, uint8 open, uint64 lastAccept, uint64 end, uint64 due);
        /// The reports on worker `index` in a window, in seat order: 0 = none, else 1 + the served share in twelfths; and the
        /// highest share of the due probes that a seat was served, in the same form.
        function shares(uint8 index, uint256 window) external view returns (uint8 best, uint8[] memory seats);
        /// Whether the tester at `place` has reported.
        function reported(uint32 place) external view returns (bool);

        // ------------------------------------------------------------------ transactions
        /// The calling worker accepts the work. Not possible in the block of the purchase.
        function accept() external;
        /// The client ends the agreement: after the current window and one more, but not before `minLength`, and a quarter of
        /// the windows and one more; without testers, after notice of an eighth of the length, `minLength` at least.
        function cancel() external;
        /// The calling worker resigns: it is judged until now, is paid for finished windows, and loses a tenth of its bond.
        function resign() external;
        /// After the time to accept, settles the workers that did not accept; after the end, frees the slots of all. Anyone
        /// may call it. `hints` as in `settle`.
        function release(uint32[] calldata hints) external;
        /// Reports on all workers, once. `place` is the caller's place in the agreement's tester list; the receipts must name
        /// the sessions that follow from the caller's account, `salt` and the window. An entry is 8 bytes: index of the
        /// worker, window, probes made, probes served, parts of the window in the receipt (4 bytes); then, if any probe was
        /// served, the receipt's compact signature (EIP-2098, 64 bytes). Entries ascend by worker, then window.
        function report(uint32 place, bytes32 salt, bytes calldata entries) external;
        /// Posts reports that their testers signed: for each, the length of its entries (2 bytes), place (4), salt (32), the
        /// tester's compact signature of Report(place, salt, keccak256(entries)) (64), and the entries. A report that `report`
        /// would refuse is skipped.
        function reportBatch(bytes calldata reports) external;
        /// Settles a due agreement and pays all parties. Anyone may call it. `hints` has, for each worker, the number
        /// of the worker after which to insert it into its book.
        function settle(uint32[] calldata hints) external;
    }
}
