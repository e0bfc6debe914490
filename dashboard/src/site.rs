//! What every page says: which market, and up to which block.

use alloy::primitives::Address;
use muster_client::protocol::abi::{Clock, Settings};
use muster_index::database::Transaction;
use muster_index::query::head;
use muster_index::{Block, IndexError, MarketId, MarketIdentity};

use crate::config::DashboardConfig;

/// The market of a dashboard.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The chain's id.
    pub(crate) chain_id: u64,
    /// The market's contract.
    pub(crate) market: Address,
    /// What is indexed; `None` before the first block.
    pub(crate) indexed: Option<Indexed>,
}

/// A market that is indexed.
#[derive(Clone, Debug)]
pub(crate) struct Indexed {
    /// The market in the index.
    pub(crate) id: MarketId,
    /// The latest block that was read.
    pub(crate) head: Block,
    /// The constants of its deployment.
    pub(crate) settings: Settings,
    /// Whether visitors can act.
    pub(crate) has_node: bool,
}

impl Site {
    /// The market as this transaction sees it.
    pub(crate) fn load(
        transaction: &mut dyn Transaction,
        config: &DashboardConfig,
        known: &[(MarketId, MarketIdentity)],
    ) -> Result<Self, IndexError> {
        let (chain_id, market) = (config.chain_id, config.market);
        let ours = known
            .iter()
            .find(|(_, identity)| identity.chain == chain_id && identity.dispatcher == market);
        let Some((id, identity)) = ours else {
            return Ok(Self { chain_id, market, indexed: None });
        };
        let indexed = head(transaction, *id)?.map(|head| Indexed {
            id: *id,
            head,
            settings: identity.settings,
            has_node: config.node.is_some(),
        });
        Ok(Self { chain_id, market, indexed })
    }
}

impl Indexed {
    /// Whether ticks are seconds; otherwise they are blocks.
    pub(crate) fn has_seconds(&self) -> bool {
        self.settings.clock == Clock::Second
    }

    /// What a price is per.
    pub(crate) fn tick_unit(&self) -> &'static str {
        if self.has_seconds() { "second" } else { "block" }
    }
}
