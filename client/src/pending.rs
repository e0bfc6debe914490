//! The chain as the next transaction will find it.

use alloy::primitives::{Address, U256};

use crate::backend::{AccountOverride, BlockTag, CallEnv, Head};
use crate::clock::unix_now;
use crate::error::MarketError;
use crate::node::Node;

/// The history contract keeps the hashes of so many blocks; a hash stands in slot number mod this.
const HISTORY_BLOCKS: u64 = 393_168;

impl Node {
    /// The chain as the next transaction will find it.
    ///
    /// A quiet chain makes no blocks, so a node's idea of the pending block can be hours old, and it
    /// does not yet have the latest block's hash in the history contract: both are filled in.
    pub(crate) async fn pending_env(&self) -> Result<CallEnv, MarketError> {
        let head = self.head().await?;
        let slot = head.number.checked_rem(HISTORY_BLOCKS).unwrap_or_default();
        let hash = AccountOverride {
            account: Address::new(muster_protocol::HISTORY_STORAGE_ADDRESS),
            storage: Some((U256::from(slot).into(), head.hash)),
            ..AccountOverride::default()
        };
        Ok(CallEnv {
            block: BlockTag::Pending,
            timestamp: Some(self.chain_time(&head)),
            overrides: vec![hash],
        })
    }

    /// The chain's Unix second now, never before the latest block.
    pub(crate) fn chain_time(&self, head: &Head) -> u64 {
        self.clock.time(head, unix_now())
    }
}
