//! Registering accounts as workers or testers.

use alloy::primitives::B256;
use muster_protocol::abi::IWorkerDispatcher::{
    WorkerRegistered, registerTesterCall, registerWorkerCall,
};

use super::Market;
use super::offer::Offer;
use crate::application::Application;
use crate::backend::Receipt;
use crate::error::MarketError;

/// A registration that was just made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The account's number, from 1.
    pub number: u32,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Market {
    /// Registers this account as a worker of an application, once and for ever, with `stake` wei and the
    /// [key for messages](crate::message_key). A worker that fits is listed in its book at once.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, key: alloy::signers::local::PrivateKeySigner)
    /// #     -> Result<(), Box<dyn std::error::Error>> {
    /// use muster_client::{Offer, message_key};
    ///
    /// let offer = Offer { price: 1_000, max_length: 86_400, promise: 9_900, capacity: 4 };
    /// let stake = 1_000_000_000_000_000_000;
    /// let registration = market.register("factor".parse()?, &offer, message_key(&key), stake).await?;
    /// println!("worker number {}", registration.number);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [every transaction](Market#transactions), with `AlreadyRegistered`, `PriceOutOfRange`,
    /// `MaxLengthTooShort`, `PromiseOutOfRange`, `CapacityZero`, `KeyZero`, `WrongApplication` or
    /// `StakeTooHigh` among the reasons.
    pub async fn register(
        &self,
        application: Application,
        offer: &Offer,
        key: B256,
        stake: u128,
    ) -> Result<Registration, MarketError> {
        let hint = self.hint(application.0, self.account()?, offer.price).await?;
        let call = registerWorkerCall {
            price: offer.price,
            maxLength: offer.max_length,
            application: application.0,
            promised: offer.promise,
            key,
            capacity: offer.capacity,
            hint,
        };
        self.decode_registration(self.write(&call, stake).await?)
    }

    /// Registers this account as a tester, once and for ever, with `stake` wei, which must reach the
    /// market's `testerBond`.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, key: alloy::signers::local::PrivateKeySigner)
    /// #     -> Result<(), muster_client::MarketError> {
    /// let bond = market.settings().testerBond;
    /// market.register_tester(muster_client::message_key(&key), bond).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Market::register`], with `StakeTooLow` among the reasons.
    pub async fn register_tester(
        &self,
        key: B256,
        stake: u128,
    ) -> Result<Registration, MarketError> {
        self.decode_registration(self.write(&registerTesterCall { key }, stake).await?)
    }

    /// The registration in a receipt.
    fn decode_registration(&self, receipt: Receipt) -> Result<Registration, MarketError> {
        let event = receipt.event::<WorkerRegistered>(self.dispatcher());
        let number = event.ok_or(MarketError::EventMissing("WorkerRegistered"))?.number;
        Ok(Registration { number, receipt })
    }
}
