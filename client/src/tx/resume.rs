//! Taking up transactions that were recorded without an outcome.

use std::collections::{BTreeMap, btree_map::Entry};

use futures::future::join_all;

use super::pending_tx::PendingTx;
use super::sender::TxSender;
use crate::backend::{Receipt, SignedTx};
use crate::error::{MarketError, NodeError};

/// The result of the transactions of one account and nonce that were resumed.
#[derive(Debug)]
pub struct ResumedTx {
    /// The one that pays most.
    pub tx: SignedTx,
    /// The receipt of the one that was mined, which may have reverted.
    pub result: Result<Receipt, MarketError>,
}

impl TxSender {
    /// See [`crate::Node::resume`].
    pub(crate) async fn resume(&self, unfinished: Vec<SignedTx>) -> Vec<ResumedTx> {
        let mut txs = BTreeMap::<_, PendingTx>::new();
        for signed in unfinished {
            match txs.entry((signed.chain_id, signed.from, signed.nonce())) {
                Entry::Vacant(entry) => {
                    entry.insert(PendingTx::new(signed));
                }
                Entry::Occupied(mut tx) => tx.get_mut().add_replacement(signed),
            }
        }
        join_all(txs.into_values().map(|mut tx| async {
            let result = self.resume_one(&mut tx).await;
            ResumedTx { tx: tx.latest, result }
        }))
        .await
    }

    /// Broadcasts a transaction again, and follows it.
    async fn resume_one(&self, tx: &mut PendingTx) -> Result<Receipt, MarketError> {
        let backend = self.chain().backend();
        let (expected, found) = (backend.chain_id(), tx.latest.chain_id);
        if found != expected {
            let what = format!("transaction {}", tx.latest.hash).into();
            return Err(MarketError::Node(NodeError::WrongChain { what, expected, found }));
        }
        let _guard = (backend.account() == Some(tx.latest.from))
            .then(|| self.nonces().reserve(tx.latest.nonce()));
        drop(backend.broadcast(&tx.latest).await);
        tx.confirm(self.tracker()).await
    }
}
