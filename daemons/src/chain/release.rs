//! Releasing workers of an agreement. Any account can do it, so another may be faster.

use muster_client::Agreement;
use muster_client::protocol::abi::IWorkAgreement::IWorkAgreementErrors::NothingToRelease;

use crate::error::DaemonError;

/// Settles the absent workers of an agreement, and after its end frees the slots of all, unless another account has
/// done so.
pub(crate) async fn release(agreement: &Agreement) -> Result<(), DaemonError> {
    let address = agreement.address();
    let before = agreement.progress().await?;
    match agreement.clone().with_purpose(&format!("release/{address}")).release().await {
        Ok(release) => {
            let (absent, freed) = (release.absent.count_ones(), release.freed.count_ones());
            tracing::info!(agreement = %address, absent, freed, "workers released");
            Ok(())
        }
        // Another account was first.
        Err(error) if matches!(error.agreement(), Some(NothingToRelease(_))) => Ok(()),
        Err(error) => {
            let now = agreement.progress().await?;
            let is_done = (now.released, now.freed) != (before.released, before.freed);
            if is_done { Ok(()) } else { Err(error.into()) }
        }
    }
}
