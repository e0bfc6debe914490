//! Methods of dev chains, under the names that Anvil, Hardhat and Ganache use.

mod accounts;
mod mining;
mod node;
mod pool;
mod snapshots;
mod time;

use super::Method;

/// Every method with all of its names.
pub(super) const METHODS: &[(&[&str], Method)] = &[
    // accounts
    (
        &["anvil_setBalance", "hardhat_setBalance", "tenderly_setBalance", "evm_setAccountBalance"],
        accounts::set_balance,
    ),
    (&["anvil_addBalance", "hardhat_addBalance", "tenderly_addBalance"], accounts::add_balance),
    (&["anvil_setCode", "hardhat_setCode", "evm_setAccountCode"], accounts::set_code),
    (&["anvil_setNonce", "hardhat_setNonce", "evm_setAccountNonce"], accounts::set_nonce),
    (
        &["anvil_setStorageAt", "hardhat_setStorageAt", "evm_setAccountStorageAt"],
        accounts::set_storage,
    ),
    (&["anvil_impersonateAccount", "hardhat_impersonateAccount"], accounts::impersonate),
    (
        &["anvil_stopImpersonatingAccount", "hardhat_stopImpersonatingAccount"],
        accounts::stop_impersonating,
    ),
    (
        &["anvil_autoImpersonateAccount", "hardhat_autoImpersonateAccount"],
        accounts::impersonate_all,
    ),
    // mining
    (&["evm_mine"], mining::mine_one),
    (&["anvil_mine"], mining::mine),
    (&["hardhat_mine"], mining::mine_after_first),
    (&["anvil_mine_detailed", "evm_mine_detailed"], mining::mine_detailed),
    (&["anvil_setAutomine", "evm_setAutomine"], mining::set_automine),
    (&["anvil_getAutomine", "hardhat_getAutomine"], mining::automine),
    (&["anvil_setIntervalMining"], mining::set_interval_seconds),
    (&["evm_setIntervalMining"], mining::set_interval_milliseconds),
    (&["anvil_getIntervalMining"], mining::interval),
    (&["anvil_dropTransaction"], pool::drop_transaction),
    (&["hardhat_dropTransaction"], pool::is_dropped),
    (&["anvil_dropAllTransactions", "hardhat_dropAllTransactions"], pool::drop_all_transactions),
    (
        &["anvil_removePoolTransactions", "hardhat_removePoolTransactions"],
        pool::remove_pool_transactions,
    ),
    (
        &["anvil_setNextBlockBaseFeePerGas", "hardhat_setNextBlockBaseFeePerGas"],
        mining::set_base_fee,
    ),
    (&["txpool_content"], pool::pool_content),
    (&["txpool_contentFrom"], pool::pool_content_from),
    (&["eth_pendingTransactions"], pool::pending_transactions),
    (&["txpool_inspect"], pool::pool_inspect),
    (&["txpool_status"], pool::pool_status),
    // time
    (&["anvil_increaseTime", "evm_increaseTime"], time::increase_time),
    (&["anvil_setTime"], time::set_clock_seconds),
    (&["evm_setTime"], time::set_clock_milliseconds),
    (&["anvil_setNextBlockTimestamp", "evm_setNextBlockTimestamp"], time::set_next_timestamp),
    (&["anvil_setBlockTimestampInterval"], time::set_timestamp_interval),
    (&["anvil_removeBlockTimestampInterval"], time::remove_timestamp_interval),
    (&["devnode_setL1BlockNumber"], time::set_l1_height),
    (&["devnode_setL1BlockTime"], time::set_l1_block_time),
    // snapshots and dumps
    (&["anvil_snapshot", "evm_snapshot"], snapshots::take),
    (&["anvil_revert", "evm_revert"], snapshots::revert),
    (&["anvil_rollback"], snapshots::rollback),
    (&["anvil_reorg"], snapshots::reorg),
    (&["anvil_reset", "hardhat_reset"], snapshots::reset),
    (&["anvil_dumpState", "hardhat_dumpState"], snapshots::dump),
    (&["anvil_loadState", "hardhat_loadState"], snapshots::load),
    // node
    (&["anvil_nodeInfo"], node::info),
    (&["anvil_metadata", "hardhat_metadata"], node::metadata),
    (&["anvil_getGenesisTime"], node::genesis_time),
    (&["anvil_setChainId"], node::set_chain_id),
    (&["hardhat_setPrevRandao"], node::set_prev_randao),
    (&["anvil_setCoinbase", "hardhat_setCoinbase"], node::set_coinbase),
    (&["anvil_setBlockGasLimit", "evm_setBlockGasLimit"], node::set_block_gas_limit),
    (&["anvil_setMinGasPrice", "hardhat_setMinGasPrice"], node::set_min_gas_price),
    (&["anvil_setLoggingEnabled", "hardhat_setLoggingEnabled"], node::set_logging),
    (&["anvil_setRpcUrl"], node::set_rpc_url),
];
