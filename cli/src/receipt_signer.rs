//! A worker's side of receipts, for a service without a gateway: which sessions it served in which windows of one
//! agreement, signed. It does not ask who opened a session.

use alloy::primitives::{Address, B256};
use muster_client::{Agreement, ServiceReceipt};
use muster_daemons::DaemonContext;

use crate::error::CliError;

/// The most sessions that are remembered; later ones get no receipts.
const MAX_SESSIONS: u32 = 65_536;

/// Gives receipts.
#[derive(Debug)]
pub(crate) struct ReceiptSigner {
    /// The worker's key, and its state file.
    daemon_context: DaemonContext,
    /// What the receipts are for.
    agreement: Agreement,
}

impl ReceiptSigner {
    /// A desk for an agreement; fails if the account is none of its workers.
    pub(crate) async fn open(
        daemon_context: DaemonContext,
        agreement: Address,
    ) -> Result<Self, CliError> {
        let agreement = daemon_context.market().agreement(agreement).await?;
        let account = daemon_context.account();
        if !agreement.terms().workers().any(|terms| terms.account == account) {
            return Err(CliError::NotItsWorker(account.to_string().into()));
        }
        Ok(Self { daemon_context, agreement })
    }

    /// Notes that a session was served now, and returns its newest receipt; `None` outside the
    /// agreement's windows, and when too many sessions are open.
    pub(crate) async fn sign_receipt(
        &self,
        session: B256,
    ) -> Result<Option<ServiceReceipt>, CliError> {
        let Some(window) = self.agreement.window().await? else { return Ok(None) };
        let (store, agreement) = (self.daemon_context.store(), self.agreement.address());
        // Without tokens, all that come are one.
        let served = store.record_served(agreement, session, B256::ZERO, window, MAX_SESSIONS)?;
        let domain = self.agreement.receipt_domain();
        let sign =
            |served| ServiceReceipt::sign(self.daemon_context.signer(), domain, session, served);
        Ok(served.map(sign).transpose()?)
    }
}
