//! The pending block, as the next transaction will find it.

use alloy::primitives::{Address, U256};

use super::ChainReader;
use crate::backend::{AccountOverride, BlockTag, CallEnv, Head};

/// The history contract (EIP-2935, as Arbitrum sizes it) keeps the hashes of this many blocks. The hash of
/// a block is in the slot of its number modulo this.
const HISTORY_BLOCKS: u64 = 393_168;

impl ChainReader {
    /// The environment in which the first transaction after the latest block runs.
    ///
    /// A quiet chain makes no blocks, so a node's pending block can be hours old, and the history contract
    /// does not have the latest block's hash before the next block. Both are overridden.
    pub(crate) fn pending_env(&self, head: &Head) -> CallEnv {
        let slot = head.number.checked_rem(HISTORY_BLOCKS).unwrap_or_default();
        let history = AccountOverride {
            account: Address::new(muster_protocol::HISTORY_STORAGE_ADDRESS),
            storage: Some((U256::from(slot).into(), head.hash)),
            ..AccountOverride::default()
        };
        CallEnv {
            block: BlockTag::Pending,
            timestamp: Some(self.time(head)),
            overrides: vec![history],
        }
    }
}
