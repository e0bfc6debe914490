//! The dispatcher: settings, orders, registrations, settlements.

use alloy_sol_types::sol;

sol! {
    /// What a tick of the market's clock is, for a whole deployment.
    #[derive(Debug, PartialEq, Eq)]
    enum Clock {
        /// The height of the L2 chain, from `ArbSys.arbBlockNumber`.
        ArbBlock,
        /// Unix seconds, from `block.timestamp`.
        Second
    }

    /// Why a purchase was refused.
    #[derive(Debug, PartialEq, Eq)]
    enum Reason {
        /// Nothing stands against it.
        None,
        /// The value sent is below the price.
        ValueTooLow,
        /// Redundancy is not from 1 to 8.
        Redundancy,
        /// Length is below `minLength`, or 2^32 or more.
        Length,
        /// Windows are not from 1 to 21, or one would be shorter than `minWindow`.
        Windows,
        /// Testers are neither 0 nor an odd number from 3 to 15, or windows × testers exceeds 63, or
        /// there is more than one window to an order without testers.
        Testers,
        /// `tester` is not for sale.
        NotForSale,
        /// Nobody has registered for this application.
        ApplicationUnknown,
        /// Fewer fitting workers than the redundancy asks for, among the 64 that are looked at.
        NotEnoughWorkers,
        /// This epoch's list of testers is shorter than `minPool` or than the testers asked for.
        NotEnoughTesters,
        /// The order's expiry has passed.
        Expired,
        /// What one worker would hold is 2^96 wei or more.
        PriceOverflow,
        /// A hired worker is not listed for the application, does not fit, or is out of order.
        WorkerUnfit
    }

    /// What a deployment fixes for ever.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Settings {
        Clock clock;
        /// Ticks in which a chosen worker may accept.
        uint32 acceptWindow;
        /// Ticks after the end in which testers may report.
        uint32 reportWindow;
        /// Shortest agreement in ticks.
        uint32 minLength;
        /// Shortest window in ticks.
        uint32 minWindow;
        /// Seconds of a tester epoch.
        uint32 epochLength;
        /// Shortest list of testers that an order may draw from.
        uint32 minPool;
        /// Lowest uptime a worker may promise.
        uint16 minPromise;
        /// Bond as a share of price × length.
        uint16 bondBps;
        /// Fee of one seat as a share of what the worker earns in a window.
        uint16 testerFeeBps;
        /// Lowest bond of one worker in one agreement.
        uint128 minBond;
        /// Lowest fee of one seat for one worker.
        uint128 minTesterFee;
        /// Stake that a tester must hold.
        uint128 testerBond;
        /// Fees of testers that make an agreement weigh one observation in a worker's reputation.
        uint128 reputationUnit;
    }

    /// What a client asks for.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Order {
        bytes8 application;
        /// Number of different workers.
        uint256 redundancy;
        /// Ticks.
        uint256 length;
        uint8 windows;
        /// Testers of each window.
        uint8 testers;
        /// Lowest score of a worker.
        uint16 minScore;
        /// Lowest promised uptime of a worker.
        uint16 minUptime;
        /// Last tick in which the order may be bought; 0 = no expiry.
        uint64 expiry;
        /// Number of the listed worker at which to begin; 0, or one that is not listed: the cheapest.
        uint32 start;
    }

    /// What an order would cost, and whom it would get.
    #[derive(Debug, PartialEq, Eq)]
    struct Quote {
        Reason reason;
        /// Escrow: the exact value to send. 0 if the order could not be bought at any price.
        uint128 price;
        /// Number of the first worker chosen.
        uint32 start;
        /// Windows and testers that the agreement would have.
        uint8 windows;
        uint8 testers;
        address[] workers;
    }

    /// What is known of a registered account.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Worker {
        address account;
        /// 1 for the first registration; 0 = not registered.
        uint32 number;
        bytes8 application;
        /// Wei per tick.
        uint128 price;
        /// Longest agreement in ticks.
        uint32 maxLength;
        /// Promised uptime.
        uint16 promised;
        /// Agreements at once.
        uint16 capacity;
        /// Agreements now.
        uint16 active;
        /// Whether the worker wants new work.
        bool available;
        /// Whether it stands in its book, where purchases find it.
        bool listed;
        /// Number of the worker behind it in the book; 0 = last or not listed.
        uint32 next;
        /// Everything staked, and the part of it that is locked as bonds.
        uint128 stake;
        uint128 locked;
        /// For a tester: the last epoch whose list it is in.
        uint32 lastEpoch;
        /// How often it was chosen and did not accept, modulo 2^16.
        uint16 misses;
        /// Lower bound of the share of its work that is good; 0 = nothing is known.
        uint16 score;
        /// X-only secp256k1 key for messages.
        bytes32 key;
    }

    /// One worker's part in a settlement.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct WorkerResult {
        address account;
        uint128 pay;
        /// Wei of its bond that it loses.
        uint128 slash;
        /// Wei that its testers were paid for it.
        uint128 fees;
        /// Whether it accepted.
        bool accepted;
        /// Whether it resigned.
        bool resigned;
        /// Windows that it was judged for.
        uint8 windows;
        /// Windows judged served, and windows judged failed.
        uint8 served;
        uint8 failed;
    }

    /// One tester's part in a settlement.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct TesterResult {
        address account;
        uint128 fee;
        /// Seats (one worker in one window) that were paid.
        uint16 seats;
    }

    /// What an agreement owes to a place of its tester list.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Fee {
        uint32 place;
        uint128 amount;
        /// Seats (one worker in one window) that were paid.
        uint16 seats;
    }

    #[derive(Debug, PartialEq, Eq)]
    interface IWorkerDispatcher {
        // ------------------------------------------------------------------ events
        /// `worker` has `number` now, and `stake` wei staked.
        event WorkerRegistered(address indexed worker, uint32 number, bytes8 indexed application, bytes32 key, uint128 stake);
        event WorkerUpdated(address indexed worker, uint128 price, uint32 maxLength, uint16 promised, uint16 capacity);
        event KeyChanged(address indexed worker, bytes32 key);
        event AvailabilityChanged(address indexed worker, bool available);
        /// `worker` stands in its book now.
        event Listed(address indexed worker);
        /// `worker` does not stand in its book, or no longer.
        event Unlisted(address indexed worker);
        /// `worker` now has `stake` wei staked in all.
        event StakeChanged(address indexed worker, uint128 stake);
        /// `tester` has `place` in the list of `epoch`.
        event CheckedIn(address indexed tester, uint32 indexed epoch, uint32 place);
        /// `escrow` wei are in `agreement`, which names `workers`.
        event ContractBought(address indexed agreement, address indexed client, uint128 escrow, address[] workers);
        /// The whole value went back. `required` is the price, 0 if there is none.
        event PurchaseRefused(address indexed client, Reason reason, uint128 required, uint128 sent);
        /// `agreement` ended; the amounts were added to the parties' credits.
        event AgreementSettled(address indexed agreement, address indexed client, uint128 refund, uint128 compensation, WorkerResult[] workers, TesterResult[] testers);
        /// What each slash exceeds its worker's pay by, in all: it stays here for ever.
        event Burned(address indexed agreement, uint128 amount);
        /// What is known of `worker` now: decayed weights, with 32 bits behind the point.
        event ReputationChanged(address indexed worker, uint64 good, uint64 bad);
        /// `amount` wei were added to the credit of `account` because it would not take them.
        event Credited(address indexed account, uint128 amount);
        event Withdrawn(address indexed account, address indexed to, uint128 amount);

        // ------------------------------------------------------------------ errors
        /// The call's word number `word` (from 0, behind the selector) is not a value of its type.
        error MalformedCall(uint32 word);
        /// The selector is none of this contract's, or the call has none.
        error UnknownCall(bytes4 selector);
        /// `value` wei came with a call that takes none.
        error NotPayable(uint128 value);
        /// A call came in while another one was handing out money.
        error Reentered();
        error AlreadyDeployed();
        /// The deployment constant number `index` of the constructor contradicts the others or its range.
        error BadSetting(uint8 index);
        error AlreadyRegistered(address account);
        error NotRegistered(address account);
        /// A price must be from 1 to `limit` − 1 wei per tick.
        error PriceOutOfRange(uint128 price, uint128 limit);
        /// A worker's longest agreement must be at least `minimum` ticks.
        error MaxLengthTooShort(uint32 maxLength, uint32 minimum);
        /// A promise must be from `minimum` to 10 000 basis points.
        error PromiseOutOfRange(uint16 promised, uint16 minimum);
        error CapacityZero();
        error KeyZero();
        /// The account is registered for `application`, for which this call is not.
        error WrongApplication(bytes8 application);
        /// `have` wei of stake where `need` are needed.
        error StakeTooLow(uint128 have, uint128 need);
        /// A stake must stay below `limit` wei.
        error StakeTooHigh(uint128 stake, uint128 limit);
        /// The worker cannot be listed: it is listed already, not available, at capacity, or short of stake.
        error NotListable(address worker);
        error AlreadyCheckedIn(uint32 epoch);
        /// The tester is in the list of epoch `last`, and its bond stays until that has passed.
        error StillListed(uint32 last);
        error NothingToWithdraw(address account);
        /// `to` did not take `amount` wei.
        error TransferFailed(address to, uint128 amount);
        /// The caller is no agreement of this dispatcher.
        error NotAnAgreement(address caller);
        /// The chain did not create the agreement.
        error CreationFailed();

        // ------------------------------------------------------------------ reading
        function workerCount() external view returns (uint32);
        function worker(address account) external view returns (Worker memory);
        /// Workers by number, from `from` (1 = first) on; at most 16 at once.
        function workers(uint32 from, uint32 count) external view returns (Worker[] memory);
        /// The cheapest listed worker of an application, and how many are listed and registered.
        function book(bytes8 application) external view returns (uint32 head, uint32 listed, uint32 registered);
        function quote(uint256 redundancy, uint256 length) external view returns (Quote memory);
        function quote(Order calldata order) external view returns (Quote memory);
        /// A quote for hiring exactly these workers.
        function quote(Order calldata order, uint32[] calldata workers) external view returns (Quote memory);
        /// A worker's score, and what it is made of: decayed weights with 32 bits behind the point, and when they
        /// were last written, in unix seconds.
        function reputation(address account) external view returns (uint16 score, uint64 good, uint64 bad, uint64 updated);
        function credit(address account) external view returns (uint128);
        function settings() external view returns (Settings memory);
        /// The implementation behind every agreement.
        function agreement() external view returns (address);
        function isAgreement(address account) external view returns (bool);
        /// Now, in ticks of the market's clock.
        function tick() external view returns (uint64);
        /// The tester epoch of now.
        function epoch() external view returns (uint32);
        function testerCount(uint32 epoch) external view returns (uint32);
        /// The account at a place of an epoch's list; zero if there is none.
        function testerAt(uint32 epoch, uint32 place) external view returns (address);
        /// The message key of a registered account; zero for others.
        function keyOf(address account) external view returns (bytes32);

        // ------------------------------------------------------------------ workers and testers
        /// Registers the caller, once and for ever. The value sent becomes its stake. `hint` is the number of
        /// the worker to stand behind in the book (0 = none); a bad hint never fails the call.
        function registerWorker(uint128 price, uint32 maxLength, bytes8 application, uint16 promised, bytes32 key, uint16 capacity, uint32 hint) external payable returns (uint32 number);
        /// Registers the caller as a tester. The value sent must be `testerBond` or more.
        function registerTester(bytes32 key) external payable returns (uint32 number);
        function updateWorker(uint128 price, uint32 maxLength, uint16 promised, uint16 capacity, uint32 hint) external;
        function setPrice(uint128 price, uint32 hint) external;
        function setKey(bytes32 key) external;
        function setAvailable(bool available, uint32 hint) external;
        function stake(uint32 hint) external payable;
        /// Moves free stake to the caller's credit.
        function unstake(uint128 amount) external;
        /// Puts an available worker that fits into its book. Anybody may.
        function list(address worker, uint32 hint) external;
        /// Puts the caller into the next epoch's list of testers, and into this one's while that is short.
        function checkIn() external;

        // ------------------------------------------------------------------ buying
        /// Buys with the usual terms: application 0, 3 testers (none while their list is short), up to 4
        /// windows, promised uptime of 9 000 or more. Returns zero, and the whole value, if it refuses.
        function buyContract(uint256 redundancy, uint256 length) external payable returns (address agreement);
        /// Buys by an order. The value sent is the most that the client pays; the excess comes back.
        function buyContract(Order calldata order) external payable returns (address agreement);

        /// Buys from exactly these workers, by number in ascending order. They must be listed and fit the order;
        /// its redundancy must be their count.
        function hire(Order calldata order, uint32[] calldata workers) external payable returns (address agreement);

        // ------------------------------------------------------------------ money
        /// Sends the caller's whole credit to `to`.
        function withdraw(address to) external returns (uint128 amount);
        /// Called by an agreement that ends, with its terms, with all its wei and with what it owes. The
        /// `account` of a tester result is found here, from its `place` in the epoch's list.
        function conclude(bytes calldata terms, WorkerResult[] calldata workers, Fee[] calldata fees, uint32[] calldata hints) external payable;
    }
}
