//! Buying: what it costs, and an agreement for exactly that.

use alloy::primitives::{Address, U256};
use terms::abi::IWorkerDispatcher::{
    ContractBought, PurchaseRefused, buyContract_0Call as BuyUsual, buyContract_1Call as BuyOrder,
    quote_0Call as QuoteUsual, quote_1Call as QuoteOrder,
};
use terms::abi::{Order, Quote, Reason};

use crate::error::MarketError;
use crate::market::Market;
use crate::transport::Receipt;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// So many different workers for so many ticks, on the market's usual terms.
    Usual {
        /// Workers.
        redundancy: u8,
        /// Ticks.
        length: u32,
    },
    /// Everything chosen by the client.
    Order(Order),
}

impl Want {
    /// Ticks.
    #[must_use]
    pub fn length(&self) -> U256 {
        match self {
            Self::Usual { length, .. } => U256::from(*length),
            Self::Order(order) => order.length,
        }
    }
}

/// An agreement that was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The agreement's contract.
    pub agreement: Address,
    /// What was paid, in wei; it is held by the agreement.
    pub escrow: u128,
    /// Who is to do the work.
    pub workers: Vec<Address>,
    /// The transaction.
    pub receipt: Receipt,
}

impl Market {
    /// What this would cost now, and whom one would get; or, in `reason`, why it cannot be bought.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn quote(&self, want: &Want) -> Result<Quote, MarketError> {
        match *want {
            Want::Usual { redundancy, length } => {
                let (redundancy, length) = (U256::from(redundancy), U256::from(length));
                self.read_next(&QuoteUsual { redundancy, length }).await
            }
            Want::Order(order) => self.read_next(&QuoteOrder { order }).await,
        }
    }

    /// Buys at the price of this moment, and only if that is no more than `at_most` wei: with the price
    /// of a [`Market::quote`] nobody pays more than quoted. Nothing is sent if it would be refused.
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`] with reason and amounts, before or after sending; in both cases
    /// the value stays with the client. Otherwise as for every call that sends.
    pub async fn buy(&self, want: &Want, at_most: u128) -> Result<Purchase, MarketError> {
        let Quote { reason, price: required, .. } = self.quote(want).await?;
        let refused = |reason| MarketError::PurchaseRefused { reason, required, sent: at_most };
        if reason != Reason::None {
            return Err(refused(reason));
        }
        if required > at_most {
            return Err(refused(Reason::ValueTooLow));
        }
        let receipt = match *want {
            Want::Usual { redundancy, length } => {
                let (redundancy, length) = (U256::from(redundancy), U256::from(length));
                self.write(&BuyUsual { redundancy, length }, required).await?
            }
            Want::Order(order) => self.write(&BuyOrder { order }, required).await?,
        };
        self.bought(receipt)
    }

    /// What a purchase said.
    fn bought(&self, receipt: Receipt) -> Result<Purchase, MarketError> {
        if let Some(event) = receipt.event::<PurchaseRefused>(self.dispatcher()) {
            let PurchaseRefused { reason, required, sent, .. } = event;
            return Err(MarketError::PurchaseRefused { reason, required, sent });
        }
        let event = receipt
            .event::<ContractBought>(self.dispatcher())
            .ok_or(MarketError::EventMissing("ContractBought"))?;
        let ContractBought { agreement, escrow, workers, .. } = event;
        Ok(Purchase { agreement, escrow, workers, receipt })
    }
}
