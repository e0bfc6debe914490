//! The dispatcher's interface: settings, orders, registrations and settlements.

use alloy_sol_types::sol;

sol! {
    /// The unit of the market's clock, fixed for a deployment.
    #[derive(Debug, PartialEq, Eq)]
    enum Clock {
        /// The height of the L2 chain, from `ArbSys.arbBlockNumber`.
        ArbBlock,
        /// Unix seconds, from `block.timestamp`.
        Second
    }

    /// Why a purchase was rejected.
    #[derive(Debug, PartialEq, Eq)]
    enum Reason {
        /// The order can be bought.
        None,
        /// The value sent is below the price.
        ValueTooLow,
        /// Redundancy is not from 1 to 8.
        Redundancy,
        /// Length is below `minLength` or above `maxAgreement`.
        Length,
        /// Windows are not from 1 to 21, one would be shorter than `minWindow`, or a tested order of 2 × `minLength` or more
        /// has fewer than 4.
        Windows,
        /// Testers are neither 0 nor an odd number from 3 to 15, or windows × testers exceeds 63, or an order
        /// without testers has more than one window.
        Testers,
        /// The application `tester` cannot be bought.
        NotForSale,
        /// No worker has registered for this application.
        ApplicationUnknown,
        /// Fewer workers satisfy the order than its redundancy, among the 64 that are scanned.
        NotEnoughWorkers,
        /// This epoch's tester list is shorter than `minPool` or than the order's testers.
        NotEnoughTesters,
        /// The order's expiry has passed.
        Expired,
        /// One worker's part of the escrow is 2^96 wei or more.
        PriceOverflow,
        /// A hired worker is not listed for the application, does not satisfy the order, or is out of order.
        WorkerUnfit
    }

    /// The immutable constants of a deployment.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Settings {
        Clock clock;
        /// Ticks in which a selected worker may accept.
        uint32 acceptWindow;
        /// Ticks after the end in which testers may report.
        uint32 reportWindow;
        /// Shortest agreement in ticks.
        uint32 minLength;
        /// Longest agreement in ticks.
        uint32 maxAgreement;
        /// Shortest window in ticks.
        uint32 minWindow;
        /// Ticks of a tester epoch.
        uint32 epochLength;
        /// Epochs for which a tester's stake stays locked after the last epoch whose list it is in.
        uint8 lockEpochs;
        /// Shortest tester list that an order may draw from.
        uint32 minPool;
        /// Probes that a seat makes of a worker in its window.
        uint8 probes;
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
        /// Lowest stake of a tester.
        uint128 testerBond;
        /// Tester fees for which an agreement counts as one observation in a worker's reputation.
        uint128 reputationUnit;
    }

    /// A client's order.
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
        /// Number of the listed worker at which the scan begins; the cheapest if 0 or not listed.
        uint32 start;
    }

    /// The price of an order and the workers it would select.
    #[derive(Debug, PartialEq, Eq)]
    struct Quote {
        Reason reason;
        /// Escrow: the exact value to send. 0 if the order cannot be bought at any price.
        uint128 price;
        /// Number of the first selected worker.
        uint32 start;
        /// Windows and testers of the agreement.
        uint8 windows;
        uint8 testers;
        address[] workers;
    }

    /// A registered account.
    #[derive(Debug, Default, PartialEq, Eq, Copy)]
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
        /// The most agreements at once.
        uint16 capacity;
        /// Current agreements.
        uint16 active;
        /// Whether the worker accepts new work.
        bool available;
        /// Whether it is listed in its book, where purchases find it.
        bool listed;
        /// Number of the next worker in the book; 0 = last or not listed.
        uint32 next;
        /// The whole stake, and the part of it that is locked as bonds.
        uint128 stake;
        uint128 locked;
        /// For a tester: the last epoch whose list it is in; 0 = none.
        uint32 lastEpoch;
        /// How often it was selected and did not accept, modulo 2^16.
        uint16 misses;
        /// Lower confidence bound of the share of good work, in basis points; 0 = no observations.
        uint16 score;
        /// X-only secp256k1 key for messages.
        bytes32 key;
    }

    /// One worker's part in a settlement.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct WorkerResult {
        address account;
        uint128 pay;
        /// Wei that it loses of its bond.
        uint128 slash;
        /// Wei paid to testers for reporting on it.
        uint128 fees;
        /// Whether it accepted.
        bool accepted;
        /// Whether it resigned.
        bool resigned;
        /// Ticks for which it was judged.
        uint32 ticks;
        /// Windows on which a seat reported.
        uint8 known;
        /// Measured uptime in those windows; 0 if there are none.
        uint16 uptime;
    }

    /// One tester's part in a settlement.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct TesterResult {
        address account;
        uint128 fee;
        /// Paid seats (one worker in one window).
        uint16 seats;
    }

    /// The fee that an agreement owes to a place of its tester list.
    #[derive(Debug, PartialEq, Eq, Copy)]
    struct Fee {
        uint32 place;
        uint128 amount;
        /// Paid seats (one worker in one window).
        uint16 seats;
    }

    #[derive(Debug, PartialEq, Eq)]
    interface IWorkerDispatcher {
        // ------------------------------------------------------------------ events
        /// `worker` registered as `number` with `stake` wei.
        event WorkerRegistered(address indexed worker, uint32 number, bytes8 indexed application, bytes32 key, uint128 stake);
        event WorkerUpdated(address indexed worker, uint128 price, uint32 maxLength, uint16 promised, uint16 capacity);
        event KeyChanged(address indexed worker, bytes32 key);
        event AvailabilityChanged(address indexed worker, bool available);
        /// `worker` is now listed in its book.
        event Listed(address indexed worker);
        /// `worker` was removed from its book, or could not be listed.
        event Unlisted(address indexed worker);
        /// The stake of `worker` is now `stake` wei.
        event StakeChanged(address indexed worker, uint128 stake);
        /// `tester` holds `place` in the list of `epoch`.
        event CheckedIn(address indexed tester, uint32 indexed epoch, uint32 place);
        /// `client` bought `agreement` with `workers`; it holds `escrow` wei.
        event ContractBought(address indexed agreement, address indexed client, uint128 escrow, address[] workers);
        /// The whole value was returned. `required` is the price, 0 if there is none.
        event PurchaseRefused(address indexed client, Reason reason, uint128 required, uint128 sent);
        /// `agreement` was settled; the amounts were added to the parties' credits.
        event AgreementSettled(address indexed agreement, address indexed client, uint128 refund, uint128 compensation, WorkerResult[] workers, TesterResult[] testers);
        /// Workers that did not accept were settled before the end; the refund was added to the client's credit.
        event AbsentReleased(address indexed agreement, address indexed client, uint128 refund, WorkerResult[] workers);
        /// The sum of what each slash exceeds its worker's pay by. It stays in the contract for ever.
        event Burned(address indexed agreement, uint128 amount);
        /// The weights of `worker`, decayed to now, with 32 fractional bits.
        event ReputationChanged(address indexed worker, uint64 good, uint64 bad);
        /// A refund of `amount` wei to `account` failed and was added to its credit.
        event Credited(address indexed account, uint128 amount);
        event Withdrawn(address indexed account, address indexed to, uint128 amount);

        // ------------------------------------------------------------------ errors
        /// Argument word number `word` (from 0, after the selector) is not a value of its type, or is missing.
        error MalformedCall(uint32 word);
        /// The contract has no function with this selector, or the call has no selector.
        error UnknownCall(bytes4 selector);
        /// The call is not payable and carried `value` wei.
        error NotPayable(uint128 value);
        /// The call arrived while the contract was sending wei.
        error Reentered();
        error AlreadyDeployed();
        /// Constructor argument number `index` is out of its range or contradicts another one.
        error BadSetting(uint8 index);
        error AlreadyRegistered(address account);
        error NotRegistered(address account);
        /// A price is from 1 to `limit` − 1 wei per tick.
        error PriceOutOfRange(uint128 price, uint128 limit);
        /// A worker's longest agreement is at least `minimum` ticks.
        error MaxLengthTooShort(uint32 maxLength, uint32 minimum);
        /// A promise is from `minimum` to 10 000 basis points.
        error PromiseOutOfRange(uint16 promised, uint16 minimum);
        error CapacityZero();
        error KeyZero();
        /// The call is not for accounts registered for `application`.
        error WrongApplication(bytes8 application);
        /// The stake is `have` wei, but `need` are required.
        error StakeTooLow(uint128 have, uint128 need);
        /// A stake stays below `limit` wei.
        error StakeTooHigh(uint128 stake, uint128 limit);
        /// The worker cannot be listed: it is listed already, not available, at capacity, or short of stake.
        error NotListable(address worker);
        error AlreadyCheckedIn(uint32 epoch);
        /// The tester's stake is free from epoch `free` on.
        error StillListed(uint32 free);
        error NothingToWithdraw(address account);
        /// The transfer of `amount` wei to `to` failed.
        error TransferFailed(address to, uint128 amount);
        /// The caller is not an agreement of this dispatcher.
        error NotAnAgreement(address caller);
        /// CREATE2 of the agreement failed.
        error CreationFailed();

        // ------------------------------------------------------------------ views
        function workerCount() external view returns (uint32);
        function worker(address account) external view returns (Worker memory);
        /// Up to 16 workers by number, starting at `from` (1 = first).
        function workers(uint32 from, uint32 count) external view returns (Worker[] memory);
        /// The cheapest listed worker of an application, and how many are listed and registered.
        function book(bytes8 application) external view returns (uint32 head, uint32 listed, uint32 registered);
        /// Up to 16 listed workers of an application in the order of its book, starting at number `from` (0 = cheapest).
        function listedWorkers(bytes8 application, uint32 from, uint32 count) external view returns (Worker[] memory);
        function quote(uint256 redundancy, uint256 length) external view returns (Quote memory);
        function quote(Order calldata order) external view returns (Quote memory);
        /// The quote for hiring exactly these workers.
        function quote(Order calldata order, uint32[] calldata workers) external view returns (Quote memory);
        /// A worker's score now, and the stored weights (32 fractional bits) with the unix second at which they were
        /// written.
        function reputation(address account) external view returns (uint16 score, uint64 good, uint64 bad, uint64 updated);
        function credit(address account) external view returns (uint128);
        function settings() external view returns (Settings memory);
        /// The implementation contract of agreements.
        function agreement() external view returns (address);
        function isAgreement(address account) external view returns (bool);
        /// The L2 block in which the market was created.
        function createdAt() external view returns (uint64);
        /// The current tick of the market's clock.
        function tick() external view returns (uint64);
        /// The current tester epoch.
        function epoch() external view returns (uint32);
        function testerCount(uint32 epoch) external view returns (uint32);
        /// The account at a place of an epoch's tester list; zero if there is none.
        function testerAt(uint32 epoch, uint32 place) external view returns (address);
        /// The message key of a registered account; zero for others.
        function keyOf(address account) external view returns (bytes32);

        // ------------------------------------------------------------------ workers and testers
        /// Registers the caller permanently. The value sent becomes its stake. `hint` is the number of the worker
        /// after which to insert it into the book (0 = none); a wrong hint never reverts the call.
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
        /// Lists an available worker that qualifies in its book. Anyone may call it.
        function list(address worker, uint32 hint) external;
        /// Adds the caller to the next epoch's tester list, and to the current one while that is shorter than `minPool`.
        function checkIn() external;

        // ------------------------------------------------------------------ buying
        /// Buys the default order: application 0, 3 testers (none while the tester list is shorter than `minPool`), up to
        /// 4 windows, promised uptime of at least 9 000. Returns zero and refunds the value if the order is rejected.
        function buyContract(uint256 redundancy, uint256 length) external payable returns (address agreement);
        /// Buys an order. The value sent is the most that the client pays; the excess is refunded.
        function buyContract(Order calldata order) external payable returns (address agreement);

        /// Buys from exactly these workers, given by number in ascending order. They must be listed and satisfy the
        /// order; its redundancy must be their count.
        function hire(Order calldata order, uint32[] calldata workers) external payable returns (address agreement);

        // ------------------------------------------------------------------ money
        /// Sends the caller's whole credit to `to`.
        function withdraw(address to) external returns (uint128 amount);
        /// Settles the workers in `settled` (bit i is worker i) of the calling agreement, which sends its terms, their wei,
        /// their results and the fees by place, and frees the slots of the workers in `freed`. `last` says that no other
        /// call follows. The dispatcher looks up the account of each place in the epoch's tester list.
        function conclude(bytes calldata terms, uint8 settled, uint8 freed, bool last, WorkerResult[] calldata workers, Fee[] calldata fees, uint32[] calldata hints) external payable;
    }
}
