//! The worker's commitment to serve by its application document, as clients ask for it before they buy.

use std::sync::Arc;

use alloy::primitives::B256;
use muster_messaging::{ApplicationCommitment, MessageError};
use tokio::sync::Mutex;
use tokio::time::{Duration, Instant};

use crate::context::DaemonContext;

/// A commitment covers purchases of so many ticks from now on.
const COVERED_TICKS: u64 = 1_200;

/// For how long a commitment is given again, so that nobody can make the worker ask its node often.
const REUSE: Duration = Duration::from_mins(1);

/// Commitments to serve by one document. Clones share the commitment.
#[derive(Clone, Debug)]
pub(super) struct CommitmentIssuer {
    /// The account, and its market.
    context: DaemonContext,
    /// The document's digest.
    digest: B256,
    /// The commitment that was made last, and when.
    newest: Arc<Mutex<Option<(Instant, ApplicationCommitment)>>>,
}

impl CommitmentIssuer {
    /// Commitments to serve by the document with this digest.
    pub(super) fn new(context: &DaemonContext, digest: B256) -> Self {
        Self { context: context.clone(), digest, newest: Arc::default() }
    }

    /// The commitment for purchases from now on.
    ///
    /// # Errors
    /// [`MessageError::Chain`], [`MessageError::Key`].
    pub(super) async fn commitment(&self) -> Result<ApplicationCommitment, MessageError> {
        let mut newest = self.newest.lock().await;
        if let Some((_, commitment)) = newest.filter(|(made, _)| made.elapsed() < REUSE) {
            return Ok(commitment);
        }
        let market = self.context.market();
        let now = market.now().await.map_err(|error| MessageError::Chain(error.into()))?;
        let (signer, until) = (self.context.signer(), now.saturating_add(COVERED_TICKS));
        let chain_id = market.node().chain_id();
        let commitment =
            ApplicationCommitment::sign(signer, chain_id, market.dispatcher(), self.digest, until)?;
        *newest = Some((Instant::now(), commitment));
        Ok(commitment)
    }
}
