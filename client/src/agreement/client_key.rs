//! The key for messages to an agreement's client.

use alloy::primitives::B256;
use alloy::sol_types::SolEvent;
use muster_protocol::abi::IWorkerDispatcher::ContractBought;

use super::Agreement;
use crate::backend::LogFilter;
use crate::error::MarketError;

impl Agreement {
    /// The key for messages to the client: that of its account, recovered from the signature of the
    /// purchase. If another account sent the purchase, the key that the client registered; `None` if there
    /// is none.
    ///
    /// ```no_run
    /// # async fn example(agreement: muster_client::Agreement) -> Result<(), muster_client::MarketError> {
    /// let key = agreement.client_key().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn client_key(&self) -> Result<Option<B256>, MarketError> {
        let (client, block) = (self.terms().header.client, self.terms().header.block);
        let filter = LogFilter {
            from: block,
            to: block,
            address: Some(self.market().dispatcher()),
            topics: [
                vec![ContractBought::SIGNATURE_HASH],
                vec![self.address().into_word()],
                vec![],
            ],
        };
        let chain = self.market().node().chain();
        if let Some(bought) = chain.logs(&filter).await?.first() {
            let purchase = chain.transaction(bought.transaction).await?;
            let own = purchase.filter(|purchase| purchase.from() == client);
            if let Some(key) = own.and_then(|purchase| purchase.signer_key()) {
                return Ok(Some(key));
            }
        }
        self.market().key_of(client).await
    }
}
