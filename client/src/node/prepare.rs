//! Calls for an account whose key is elsewhere: in a wallet, or on a machine without a network.

use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::SolCall;

use super::Node;
use crate::backend::{SignedTx, TxRequest};
use crate::error::{Contract, MarketError};

/// A call that its account can sign. It was simulated as the next transaction of the chain, and did not revert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedCall {
    /// The account that signs.
    pub from: Address,
    /// The contract.
    pub to: Address,
    /// The value in wei.
    pub value: u128,
    /// Selector and arguments.
    pub data: Bytes,
}

impl Node {
    /// A transaction by its hash, in a block or not; `None` if the node has none.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn transaction(&self, hash: B256) -> Result<Option<SignedTx>, MarketError> {
        self.chain().transaction(hash).await
    }

    /// Simulates a call of this account on the pending block.
    pub(crate) async fn prepare<C: SolCall>(
        &self,
        from: Address,
        contract: Contract,
        call: &C,
        value: u128,
    ) -> Result<PreparedCall, MarketError> {
        let (to, data) = (contract.address(), Bytes::from(call.abi_encode()));
        let request = TxRequest { from: Some(from), to: Some(to), data: data.clone(), value };
        let chain = self.chain();
        let env = chain.pending_env(&chain.head().await?);
        match chain.backend().call(&request, &env).await {
            Ok(output) => chain.decode_return::<C>(contract, &output).await?,
            Err(error) => return Err(chain.tx_error(error, contract, &request, 0).await),
        };
        Ok(PreparedCall { from, to, value, data })
    }
}
