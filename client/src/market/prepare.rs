//! The market's calls for an account whose key is elsewhere.

use alloy::primitives::{Address, U256};
use muster_protocol::abi::IWorkerDispatcher::{
    buyContract_0Call as BuyDefault, buyContract_1Call as BuyOrder, setAvailableCall, setPriceCall,
    withdrawCall,
};

use super::Market;
use super::buy::required_price;
use super::order_request::OrderRequest;
use crate::error::MarketError;
use crate::node::prepare::PreparedCall;

impl Market {
    /// The purchase that [`Market::buy`] makes, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let request = muster_client::OrderRequest::Default { redundancy: 2, length: 60 };
    /// let call = market.prepare_buy(wallet, &request, 5_000_000).await?;
    /// println!("send {} wei to {} with {}", call.value, call.to, call.data);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`], [`MarketError::InsufficientFunds`]; [`MarketError::Node`].
    pub async fn prepare_buy(
        &self,
        from: Address,
        request: &OrderRequest,
        at_most: u128,
    ) -> Result<PreparedCall, MarketError> {
        let value = required_price(&self.quote(request).await?, at_most)?;
        let (node, contract) = (self.node(), self.contract());
        match *request {
            OrderRequest::Default { redundancy, length } => {
                let (redundancy, length) = (U256::from(redundancy), U256::from(length));
                node.prepare(from, contract, &BuyDefault { redundancy, length }, value).await
            }
            OrderRequest::Custom(order) => {
                node.prepare(from, contract, &BuyOrder { order }, value).await
            }
        }
    }

    /// The withdrawal of the whole credit of `from` to `to`, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let call = market.prepare_withdraw(wallet, wallet).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with `NothingToWithdraw` or `TransferFailed`; [`MarketError::Node`].
    pub async fn prepare_withdraw(
        &self,
        from: Address,
        to: Address,
    ) -> Result<PreparedCall, MarketError> {
        self.node().prepare(from, self.contract(), &withdrawCall { to }, 0).await
    }

    /// The change of the price of `from` in wei per tick, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let call = market.prepare_price(wallet, 2_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the reason; [`MarketError::Node`].
    pub async fn prepare_price(
        &self,
        from: Address,
        price: u128,
    ) -> Result<PreparedCall, MarketError> {
        let hint = self.hint_for(from, Some(price)).await?;
        self.node().prepare(from, self.contract(), &setPriceCall { price, hint }, 0).await
    }

    /// Whether `from` takes new work, for `from` to sign.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, wallet: alloy::primitives::Address)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let call = market.prepare_availability(wallet, false).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::Refused`] with the reason; [`MarketError::Node`].
    pub async fn prepare_availability(
        &self,
        from: Address,
        available: bool,
    ) -> Result<PreparedCall, MarketError> {
        let hint = if available { self.hint_for(from, None).await? } else { 0 };
        self.node().prepare(from, self.contract(), &setAvailableCall { available, hint }, 0).await
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes};
    use alloy::sol_types::SolCall;
    use muster_protocol::abi::Clock;
    use muster_protocol::abi::IWorkerDispatcher::{settingsCall, withdrawCall};
    use muster_protocol::settings;

    use crate::backend::mock::{MOCK_ACCOUNT, MockBackend};
    use crate::error::{BackendError, MarketError};
    use crate::market::Market;

    /// An account whose key is elsewhere.
    const WALLET: Address = Address::repeat_byte(0x77);

    #[tokio::test]
    async fn a_call_is_prepared_for_the_account_that_signs_and_not_for_that_of_the_connection() {
        let mock = MockBackend::new(|call, _| {
            if settingsCall::abi_decode(&call.data).is_ok() {
                let settings = settings::dev(Clock::Second);
                return Ok(settingsCall::abi_encode_returns(&settings).into());
            }
            assert!(withdrawCall::abi_decode(&call.data).is_ok(), "{}", call.data);
            match call.from {
                Some(WALLET) => Ok(withdrawCall::abi_encode_returns(&5).into()),
                _ => Err(BackendError::Reverted(Bytes::new())),
            }
        });
        let (node, _) = mock.node();
        let market = Market::open(node, Address::repeat_byte(1)).await.unwrap();
        let call = market.prepare_withdraw(WALLET, MOCK_ACCOUNT).await.unwrap();
        assert_eq!((call.from, call.to, call.value), (WALLET, Address::repeat_byte(1), 0));
        assert_eq!(withdrawCall::abi_decode(&call.data).unwrap().to, MOCK_ACCOUNT);
        let refused = market.prepare_withdraw(MOCK_ACCOUNT, WALLET).await.unwrap_err();
        assert!(matches!(refused, MarketError::Reverted { .. }), "{refused}");
    }
}
