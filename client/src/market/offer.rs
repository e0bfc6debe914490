//! Changing what a registered account offers. Running agreements keep their terms.

use alloy::primitives::B256;
use muster_protocol::abi::IWorkerDispatcher::{
    setAvailableCall, setKeyCall, setPriceCall, updateWorkerCall,
};

use super::Market;
use crate::backend::Receipt;
use crate::error::MarketError;

/// What a worker offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The price in wei per tick.
    pub price: u128,
    /// The longest agreement in ticks.
    pub max_length: u32,
    /// The promised uptime in basis points.
    pub promise: u16,
    /// How many agreements it works on at once.
    pub capacity: u16,
}

impl Market {
    /// Changes this account's whole offer.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// use muster_client::Offer;
    ///
    /// let offer = Offer { price: 2_000, max_length: 86_400, promise: 9_900, capacity: 8 };
    /// market.update(&offer).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions).
    pub async fn update(&self, offer: &Offer) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(Some(offer.price)).await?;
        let call = updateWorkerCall {
            price: offer.price,
            maxLength: offer.max_length,
            promised: offer.promise,
            capacity: offer.capacity,
            hint,
        };
        self.write(&call, 0).await
    }

    /// Changes this account's price, in wei per tick.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// market.set_price(2_000).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions).
    pub async fn set_price(&self, price: u128) -> Result<Receipt, MarketError> {
        let hint = self.own_hint(Some(price)).await?;
        self.write(&setPriceCall { price, hint }, 0).await
    }

    /// Changes this account's [key for messages](crate::message_key).
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, key: alloy::signers::local::PrivateKeySigner)
    /// #     -> Result<(), muster_client::MarketError> {
    /// market.set_key(muster_client::message_key(&key)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions).
    pub async fn set_key(&self, key: B256) -> Result<Receipt, MarketError> {
        self.write(&setKeyCall { key }, 0).await
    }

    /// Accepts new work, or none: an account that is not available leaves its book.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// market.set_available(false).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions).
    pub async fn set_available(&self, available: bool) -> Result<Receipt, MarketError> {
        let hint = if available { self.own_hint(None).await? } else { 0 };
        self.write(&setAvailableCall { available, hint }, 0).await
    }
}
