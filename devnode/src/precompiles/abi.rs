//! The Solidity interfaces of the precompiles: every function, event and error that this chain
//! implements.

#![expect(
    clippy::too_many_arguments,
    reason = "the macro generates a function for each long event"
)]

use alloy::sol;

sol! {
    interface ArbSys {
        function arbBlockNumber() external view returns (uint256);
        function arbBlockHash(uint256 number) external view returns (bytes32);
        function arbChainID() external view returns (uint256);
        function arbOSVersion() external view returns (uint256);
        function getStorageGasAvailable() external view returns (uint256);
        function isTopLevelCall() external view returns (bool);
        function mapL1SenderContractAddressToL2Alias(address sender, address unused) external pure returns (address);
        function wasMyCallersAddressAliased() external view returns (bool);
        function myCallersAddressWithoutAliasing() external view returns (address);
        function sendTxToL1(address destination, bytes data) external payable returns (uint256);
        function withdrawEth(address destination) external payable returns (uint256);
        function sendMerkleTreeState() external view returns (uint256 size, bytes32 root, bytes32[] partials);
        event L2ToL1Tx(
            address caller, address indexed destination, uint256 indexed hash, uint256 indexed position,
            uint256 arbBlockNum, uint256 ethBlockNum, uint256 timestamp, uint256 callvalue, bytes data
        );
        event SendMerkleUpdate(uint256 indexed reserved, bytes32 indexed hash, uint256 indexed position);
        error InvalidBlockNumber(uint256 requested, uint256 current);
    }

    interface ArbInfo {
        function getBalance(address account) external view returns (uint256);
        function getCode(address account) external view returns (bytes);
    }

    interface ArbWasm {
        function activateProgram(address program) external payable returns (uint16 version, uint256 dataFee);
        function stylusVersion() external view returns (uint16);
        function codehashVersion(bytes32 codehash) external view returns (uint16);
        function codehashKeepalive(bytes32 codehash) external payable;
        function codehashAsmSize(bytes32 codehash) external view returns (uint32);
        function programVersion(address program) external view returns (uint16);
        function programInitGas(address program) external view returns (uint64 gas, uint64 gasWhenCached);
        function programMemoryFootprint(address program) external view returns (uint16);
        function programTimeLeft(address program) external view returns (uint64);
        function inkPrice() external view returns (uint32);
        function maxStackDepth() external view returns (uint32);
        function freePages() external view returns (uint16);
        function pageGas() external view returns (uint16);
        function pageRamp() external view returns (uint64);
        function pageLimit() external view returns (uint16);
        function minInitGas() external view returns (uint64 gas, uint64 cached);
        function initCostScalar() external view returns (uint64);
        function expiryDays() external view returns (uint16);
        function keepaliveDays() external view returns (uint16);
        function blockCacheSize() external view returns (uint16);
        function activationGas() external view returns (uint64);
        event ProgramActivated(bytes32 indexed codehash, bytes32 moduleHash, address program, uint256 dataFee, uint16 version);
        event ProgramLifetimeExtended(bytes32 indexed codehash, uint256 dataFee);
        error ProgramNotWasm();
        error ProgramNotActivated();
        error ProgramNeedsUpgrade(uint16 version, uint16 stylusVersion);
        error ProgramExpired(uint64 ageInSeconds);
        error ProgramUpToDate();
        error ProgramKeepaliveTooSoon(uint64 ageInSeconds);
        error ProgramInsufficientValue(uint256 have, uint256 want);
    }

    interface ArbWasmCache {
        function isCacheManager(address manager) external view returns (bool);
        function allCacheManagers() external view returns (address[] managers);
        function cacheProgram(address program) external;
        function evictCodehash(bytes32 codehash) external;
        function codehashIsCached(bytes32 codehash) external view returns (bool);
        event UpdateProgramCache(address indexed manager, bytes32 indexed codehash, bool cached);
    }

    interface ArbOwner {
        function addChainOwner(address owner) external;
        function removeChainOwner(address owner) external;
        function isChainOwner(address owner) external view returns (bool);
        function getAllChainOwners() external view returns (address[]);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function setNetworkFeeAccount(address account) external;
        function setInfraFeeAccount(address account) external;
        function setL1PricePerUnit(uint256 price) external;
        function setMinimumL2BaseFee(uint256 price) external;
        function setL2BaseFee(uint256 price) external;
        function setSpeedLimit(uint64 limit) external;
        function setMaxTxGasLimit(uint64 limit) external;
        function setMaxBlockGasLimit(uint64 limit) external;
        function setL2GasPricingInertia(uint64 inertia) external;
        function setL2GasBacklogTolerance(uint64 seconds) external;
        function setBrotliCompressionLevel(uint64 level) external;
        function setGasBacklog(uint64 backlog) external;
        function setGasPricingConstraints(uint64[3][] constraints) external;
        function setInkPrice(uint32 price) external;
        function setWasmMaxStackDepth(uint32 depth) external;
        function setWasmFreePages(uint16 pages) external;
        function setWasmPageGas(uint16 gas) external;
        function setWasmPageLimit(uint16 limit) external;
        function setWasmMinInitGas(uint8 gas, uint16 cached) external;
        function setWasmInitCostScalar(uint64 percent) external;
        function setWasmExpiryDays(uint16 days) external;
        function setWasmKeepaliveDays(uint16 days) external;
        function setWasmBlockCacheSize(uint16 count) external;
        function setWasmMaxSize(uint32 size) external;
        function addWasmCacheManager(address manager) external;
        function removeWasmCacheManager(address manager) external;
        function setPerBatchGasCharge(int64 gas) external;
        function setL1PricingRewardRate(uint64 rate) external;
        function setL1PricingRewardRecipient(address recipient) external;
        function setL1PricingInertia(uint64 inertia) external;
        function setL1PricingEquilibrationUnits(uint256 units) external;
        function setAmortizedCostCapBips(uint64 cap) external;
        function setL1BaseFeeEstimateInertia(uint64 inertia) external;
        function setParentGasFloorPerToken(uint64 floor) external;
        function releaseL1PricerSurplusFunds(uint256 limit) external returns (uint256);
        function setNativeTokenManagementFrom(uint64 timestamp) external;
        function addNativeTokenOwner(address owner) external;
        function removeNativeTokenOwner(address owner) external;
        function isNativeTokenOwner(address owner) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[]);
        function scheduleArbOSUpgrade(uint64 version, uint64 timestamp) external;
        function setCollectTips(bool collect) external;
        function setMaxStylusContractFragments(uint8 count) external;
        function setWasmActivationGas(uint64 gas) external;
        function setTransactionFilteringFrom(uint64 timestamp) external;
        function addTransactionFilterer(address filterer) external;
        function removeTransactionFilterer(address filterer) external;
        function isTransactionFilterer(address filterer) external view returns (bool);
        function getAllTransactionFilterers() external view returns (address[]);
        function setFilteredFundsRecipient(address recipient) external;
        function getFilteredFundsRecipient() external view returns (address);
        struct ResourceWeight {
            uint8 resource;
            uint64 weight;
        }
        struct MultiGasConstraint {
            ResourceWeight[] resources;
            uint32 window;
            uint64 target;
            uint64 backlog;
        }
        function setMultiGasPricingConstraints(MultiGasConstraint[] constraints) external;
        event ChainOwnerAdded(address indexed owner);
        event ChainOwnerRemoved(address indexed owner);
        event NativeTokenOwnerAdded(address indexed owner);
        event NativeTokenOwnerRemoved(address indexed owner);
        event TransactionFiltererAdded(address indexed filterer);
        event TransactionFiltererRemoved(address indexed filterer);
        event FilteredFundsRecipientSet(address indexed recipient);
        event OwnerActs(bytes4 indexed method, address indexed owner, bytes data);
    }

    interface ArbOwnerPublic {
        function isChainOwner(address owner) external view returns (bool);
        function getAllChainOwners() external view returns (address[]);
        function getNetworkFeeAccount() external view returns (address);
        function getInfraFeeAccount() external view returns (address);
        function getBrotliCompressionLevel() external view returns (uint64);
        function getScheduledUpgrade() external view returns (uint64 version, uint64 timestamp);
        function rectifyChainOwner(address owner) external;
        function isCalldataPriceIncreaseEnabled() external view returns (bool);
        function getParentGasFloorPerToken() external view returns (uint64);
        function getNativeTokenManagementFrom() external view returns (uint64);
        function isNativeTokenOwner(address owner) external view returns (bool);
        function getAllNativeTokenOwners() external view returns (address[]);
        function getMaxStylusContractFragments() external view returns (uint8);
        function getCollectTips() external view returns (bool);
        function getTransactionFilteringFrom() external view returns (uint64);
        function isTransactionFilterer(address filterer) external view returns (bool);
        function getAllTransactionFilterers() external view returns (address[]);
        function getFilteredFundsRecipient() external view returns (address);
    }

    interface ArbFilteredTransactionsManager {
        function addFilteredTransaction(bytes32 hash) external;
        function deleteFilteredTransaction(bytes32 hash) external;
        function isTransactionFiltered(bytes32 hash) external view returns (bool);
    }

    interface ArbDebug {
        function becomeChainOwner() external;
        function overwriteContractCode(address target, bytes code) external returns (bytes);
        function customRevert(uint64 number) external pure;
        function events(bool flag, bytes32 value) external payable returns (address, uint256);
        function eventsView() external view;
        event Basic(bool flag, bytes32 indexed value);
        event Mixed(bool indexed flag, bool not, bytes32 indexed value, address conn, address indexed caller);
        error Custom(uint64 number, string text, bool flag);
    }

    interface ArbGasInfo {
        function getPricesInWeiWithAggregator(address aggregator) external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGasWithAggregator(address aggregator) external view returns (uint256, uint256, uint256);
        function getPricesInWei() external view returns (uint256, uint256, uint256, uint256, uint256, uint256);
        function getPricesInArbGas() external view returns (uint256, uint256, uint256);
        function getGasAccountingParams() external view returns (uint256, uint256, uint256);
        function getMinimumGasPrice() external view returns (uint256);
        function getL1BaseFeeEstimate() external view returns (uint256);
        function getL1GasPriceEstimate() external view returns (uint256);
        function getCurrentTxL1GasFees() external view returns (uint256);
        function getGasBacklog() external view returns (uint64);
        function getPricingInertia() external view returns (uint64);
        function getGasBacklogTolerance() external view returns (uint64);
        function getMaxTxGasLimit() external view returns (uint256);
        function getMaxBlockGasLimit() external view returns (uint64);
        function getL1BaseFeeEstimateInertia() external view returns (uint64);
        function getL1RewardRate() external view returns (uint64);
        function getL1RewardRecipient() external view returns (address);
        function getPerBatchGasCharge() external view returns (int64);
        function getAmortizedCostCapBips() external view returns (uint64);
        function getL1PricingEquilibrationUnits() external view returns (uint256);
        function getLastL1PricingSurplus() external view returns (int256);
        function getL1FeesAvailable() external view returns (uint256);
        function getL1PricingUnitsSinceUpdate() external view returns (uint64);
        function getL1PricingSurplus() external view returns (int256);
        function getLastL1PricingUpdateTime() external view returns (uint64);
        function getL1PricingFundsDueForRewards() external view returns (uint256);
        function getGasPricingConstraints() external view returns (uint64[3][]);
        function getMultiGasPricingConstraints() external view returns (ArbOwner.MultiGasConstraint[]);
        function getMultiGasBaseFee() external view returns (uint256[]);
    }

    interface NodeInterface {
        function nitroGenesisBlock() external pure returns (uint256);
        function blockL1Num(uint64 height) external view returns (uint64);
        function l2BlockRangeForL1(uint64 parentHeight) external view returns (uint64 first, uint64 last);
        function gasEstimateComponents(address to, bool isCreation, bytes data) external payable returns (uint64 gas, uint64 parentGas, uint256 baseFee, uint256 parentPrice);
        function gasEstimateL1Component(address to, bool isCreation, bytes data) external payable returns (uint64 parentGas, uint256 baseFee, uint256 parentPrice);
        function legacyLookupMessageBatchProof(uint256 batch, uint64 index) external view;
        function findBatchContainingBlock(uint64 height) external view returns (uint64);
        function getL1Confirmations(bytes32 blockHash) external view returns (uint64);
        function constructOutboxProof(uint64 size, uint64 leaf) external view returns (bytes32 send, bytes32 root, bytes32[] proof);
        function estimateRetryableTicket(address sender, uint256 deposit, address to, uint256 value, address feeRefund, address valueRefund, bytes data) external;
    }

    interface ArbAggregator {
        function getTxBaseFee(address aggregator) external view returns (uint256);
        function setTxBaseFee(address aggregator, uint256 fee) external;
        function getPreferredAggregator(address account) external view returns (address, bool);
        function getDefaultAggregator() external view returns (address);
        function getBatchPosters() external view returns (address[]);
        function addBatchPoster(address poster) external;
        function getFeeCollector(address poster) external view returns (address);
        function setFeeCollector(address poster, address collector) external;
    }

    interface ArbosTest {
        function burnArbGas(uint256 gas) external pure;
    }

    interface ArbFunctionTable {
        function upload(bytes table) external;
        function size(address owner) external view returns (uint256);
        function get(address owner, uint256 index) external view returns (uint256, bool, uint256);
    }

    interface ArbAddressTable {
        function addressExists(address account) external view returns (bool);
        function register(address account) external returns (uint256);
        function lookup(address account) external view returns (uint256);
        function lookupIndex(uint256 index) external view returns (address);
        function size() external view returns (uint256);
        function compress(address account) external returns (bytes);
        function decompress(bytes data, uint256 offset) external view returns (address, uint256);
    }

    interface ArbRetryableTx {
        function getLifetime() external view returns (uint256);
        function getCurrentRedeemer() external view returns (address);
        function getTimeout(bytes32 ticket) external view returns (uint256);
        function getBeneficiary(bytes32 ticket) external view returns (address);
        function redeem(bytes32 ticket) external returns (bytes32);
        function cancel(bytes32 ticket) external;
        function keepalive(bytes32 ticket) external returns (uint256);
        function submitRetryable(
            bytes32 request, uint256 l1BaseFee, uint256 deposit, uint256 callValue, uint256 feeCap,
            uint64 gas, uint256 maxSubmissionFee, address refundTo, address beneficiary,
            address retryTo, bytes data
        ) external;
        error NoTicketWithID();
        error NotCallable();
    }
}
