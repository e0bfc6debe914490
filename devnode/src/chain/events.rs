//! Events that subscribers follow.

use std::sync::Arc;

use super::{Block, Chain, RecoveredTransaction};

/// Something that happened to a chain.
#[derive(Clone, Debug)]
pub(crate) enum ChainEvent {
    /// A block was appended.
    Block(Arc<Block>),
    /// A transaction was accepted.
    Transaction(Arc<RecoveredTransaction>),
}

impl Chain {
    /// Announces a new block.
    pub(super) fn announce_block(&self, block: Arc<Block>) {
        // There may be no subscriber.
        let _ = self.heads.send(ChainEvent::Block(block));
    }

    /// The announcement of a transaction; `None` if nobody follows transactions.
    pub(super) fn arrival(&self, incoming: &RecoveredTransaction) -> Option<ChainEvent> {
        let followed = self.arrivals.receiver_count() > 0;
        followed.then(|| ChainEvent::Transaction(Arc::new(incoming.clone())))
    }

    /// Announces an accepted transaction.
    pub(super) fn announce_arrival(&self, arrival: Option<ChainEvent>) {
        if let Some(arrival) = arrival {
            // The last subscriber may leave meanwhile.
            let _ = self.arrivals.send(arrival);
        }
    }
}
