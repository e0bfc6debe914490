//! An agreement's calls for an account whose key is elsewhere.

use alloy::primitives::Address;
use muster_protocol::abi::IWorkAgreement::{cancelCall, releaseCall, settleCall};

use super::Agreement;
use crate::error::MarketError;
use crate::node::prepare::PreparedCall;

impl Agreement {
    /// The call that [`Agreement::cancel`] makes, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let call = agreement.prepare_cancel(agreement.terms().header.client).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the reason; [`MarketError::Node`].
    pub async fn prepare_cancel(&self, from: Address) -> Result<PreparedCall, MarketError> {
        self.market().node().prepare(from, self.contract(), &cancelCall {}, 0).await
    }

    /// The call that [`Agreement::release`] makes, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let call = agreement.prepare_release(wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the reason; [`MarketError::Node`].
    pub async fn prepare_release(&self, from: Address) -> Result<PreparedCall, MarketError> {
        let call = releaseCall { hints: self.hints().await? };
        self.market().node().prepare(from, self.contract(), &call, 0).await
    }

    /// The call that [`Agreement::settle`] makes, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let call = agreement.prepare_settle(wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the reason; [`MarketError::Node`].
    pub async fn prepare_settle(&self, from: Address) -> Result<PreparedCall, MarketError> {
        let call = settleCall { hints: self.hints().await? };
        self.market().node().prepare(from, self.contract(), &call, 0).await
    }
}
