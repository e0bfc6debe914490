//! Receipts of a service without a gateway: signed records of the windows of one agreement in which it served a
//! session, whoever opened the session.

use alloy::primitives::{Address, B256};
use muster_client::{Agreement, ServiceReceipt};
use muster_daemons::DaemonContext;

use crate::error::CliError;

/// The most sessions of an agreement; later ones get no receipts.
const MAX_SESSIONS: u32 = 65_536;

/// Signs the receipts of one agreement.
#[derive(Debug)]
pub(super) struct ReceiptSigner {
    /// The worker's account and state file.
    daemon_context: DaemonContext,
    /// The agreement.
    agreement: Agreement,
}

impl ReceiptSigner {
    /// The signer of an agreement's receipts.
    ///
    /// # Errors
    /// [`CliError::NotItsWorker`] if the account is none of its workers, or those of the market.
    pub(super) async fn open(
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

    /// Records that the session was served in the current window, and returns its receipt; `None` outside the
    /// agreement's windows, and for a new session when there are [`MAX_SESSIONS`].
    pub(super) async fn sign_receipt(
        &self,
        session: B256,
    ) -> Result<Option<ServiceReceipt>, CliError> {
        let Some(window) = self.agreement.window().await? else { return Ok(None) };
        let (store, agreement) = (self.daemon_context.store(), self.agreement.address());
        // Without tokens, all clients count as one.
        let served = store.record_served(agreement, session, B256::ZERO, window, MAX_SESSIONS)?;
        let domain = self.agreement.receipt_domain();
        let sign =
            |served| ServiceReceipt::sign(self.daemon_context.signer(), domain, session, served);
        Ok(served.map(sign).transpose()?)
    }
}
