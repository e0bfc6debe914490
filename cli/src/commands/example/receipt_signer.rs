//! Receipts of a service without a gateway: signed records of the parts of a window in which it served a session,
//! whoever opened the session.

use alloy::primitives::{Address, B256};
use muster_client::protocol::receipt::part_of_window;
use muster_client::{Agreement, ServiceReceipt};
use muster_daemons::DaemonContext;

use crate::error::CliError;

/// The most sessions of a window; later ones get no receipts.
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

    /// Records that the session was served now, and returns its receipt; `None` outside the agreement's windows, and
    /// for a new session when there are [`MAX_SESSIONS`].
    pub(super) async fn sign_receipt(
        &self,
        session: B256,
    ) -> Result<Option<ServiceReceipt>, CliError> {
        let (progress, now) =
            (self.agreement.progress().await?, self.agreement.market().now().await?);
        let windows = self.agreement.windows(&progress);
        let current = windows.into_iter().find(|(_, ticks)| ticks.contains(&now));
        let Some((window, ticks)) = current else { return Ok(None) };
        let elapsed = now.saturating_sub(ticks.start);
        let at = (window, part_of_window(elapsed, ticks.end.saturating_sub(ticks.start)));
        let (store, agreement) = (self.daemon_context.store(), self.agreement.address());
        // Without tokens, all clients count as one.
        let parts = store.record_served(agreement, session, B256::ZERO, at, MAX_SESSIONS)?;
        let (signer, domain) = (self.daemon_context.signer(), self.agreement.receipt_domain());
        let sign = |parts| ServiceReceipt::sign(signer, domain, session, window, parts);
        Ok(parts.map(sign).transpose()?)
    }
}
