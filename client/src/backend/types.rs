//! What backends take and return.

use alloy::primitives::{Address, B256, Bytes, LogData, U256};
use alloy::sol_types::SolEvent;

/// The JSON-RPC error code of a call that reverted.
pub(super) const REVERT_CODE: i64 = 3;

/// A call to a contract, or the creation of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TxRequest {
    /// The sender; `None` is the zero account, which can only simulate.
    pub(crate) from: Option<Address>,
    /// The receiver; `None` creates a contract.
    pub(crate) to: Option<Address>,
    /// Selector and arguments, or init code.
    pub(crate) data: Bytes,
    /// The value in wei.
    pub(crate) value: u128,
}

/// The block on which a call is simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum BlockTag {
    /// As one more transaction of the latest block.
    #[default]
    Latest,
    /// As one more transaction of this block.
    Number(u64),
    /// As the first transaction of the next block.
    Pending,
}

/// The state and the block in which a call is simulated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallEnv {
    /// The block.
    pub(crate) block: BlockTag,
    /// The block's timestamp, where the node's own may be old.
    pub(crate) timestamp: Option<u64>,
    /// Changes to the block's state.
    pub(crate) overrides: Vec<AccountOverride>,
}

/// Changes to the state of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AccountOverride {
    /// The account.
    pub(crate) account: Address,
    /// Its balance in wei.
    pub(crate) balance: Option<U256>,
    /// Its code.
    pub(crate) code: Option<Bytes>,
    /// One storage slot and its value.
    pub(crate) storage: Option<(B256, B256)>,
}

/// Which logs to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LogFilter {
    /// First block.
    pub(crate) from: u64,
    /// Last block.
    pub(crate) to: u64,
    /// The emitting contract; `None` matches any.
    pub(crate) address: Option<Address>,
    /// For each topic, from the first on, the values that match; an empty list matches any.
    pub(crate) topics: [Vec<B256>; 3],
}

/// A block: mostly the latest one, the head of the chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Height of the L2 chain.
    pub number: u64,
    /// Hash of the block.
    pub hash: B256,
    /// Unix seconds.
    pub timestamp: u64,
    /// The base fee: wei for one unit of gas.
    pub gas_price: u128,
}

/// The receipt of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Hash of the transaction.
    pub transaction: B256,
    /// The block that has it.
    pub block: u64,
    /// Whether it succeeded; otherwise it reverted.
    pub success: bool,
    /// The account that sent it.
    pub sender: Address,
    /// Gas that it used.
    pub gas_used: u64,
    /// The wei that each unit of gas cost.
    pub gas_price: u128,
    /// The contract that it created, if any.
    pub created: Option<Address>,
    /// The logs that it emitted.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// The first event of this type that `contract` emitted.
    #[must_use]
    pub fn event<E: SolEvent>(&self, contract: Address) -> Option<E> {
        self.events(contract).next()
    }

    /// All events of this type that `contract` emitted.
    pub fn events<E: SolEvent>(&self, contract: Address) -> impl Iterator<Item = E> {
        self.logs
            .iter()
            .filter(move |log| log.address == contract)
            .filter_map(|log| E::decode_log_data(&log.data).ok())
    }
}

/// A log that a contract emitted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The contract.
    pub address: Address,
    /// Topics and data.
    pub data: LogData,
    /// The block that has it.
    pub block: u64,
    /// Its index among the logs of that block.
    pub log_index: u64,
    /// The transaction that emitted it.
    pub transaction: B256,
}
