//! Buying: what it costs, and an agreement for exactly that.

use alloy::primitives::{Address, U256};
use muster_protocol::abi::IWorkerDispatcher::{
    ContractBought, PurchaseRefused, buyContract_0Call as BuyDefault,
    buyContract_1Call as BuyOrder, hireCall, quote_0Call as QuoteDefault,
    quote_1Call as QuoteOrder, quote_2Call as QuoteHire,
};
use muster_protocol::abi::{Order, Quote, Reason};

use crate::backend::Receipt;
use crate::error::MarketError;
use crate::market::Market;

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderRequest {
    /// So many different workers for so many ticks, on the market's usual terms.
    Default {
        /// Workers.
        redundancy: u8,
        /// Ticks.
        length: u32,
    },
    /// Everything chosen by the client.
    Custom(Order),
}

impl OrderRequest {
    /// Ticks.
    #[must_use]
    pub fn length(&self) -> U256 {
        match self {
            Self::Default { length, .. } => U256::from(*length),
            Self::Custom(order) => order.length,
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
    pub async fn quote(&self, request: &OrderRequest) -> Result<Quote, MarketError> {
        match *request {
            OrderRequest::Default { redundancy, length } => {
                let (redundancy, length) = (U256::from(redundancy), U256::from(length));
                self.read_pending(&QuoteDefault { redundancy, length }).await
            }
            OrderRequest::Custom(order) => self.read_pending(&QuoteOrder { order }).await,
        }
    }

    /// Buys at the price of this moment, and only if that is no more than `at_most` wei: with the price
    /// of a [`Market::quote`] nobody pays more than quoted. Nothing is sent if it would be refused.
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`] with reason and amounts, before or after sending; in both cases
    /// the value stays with the client. Otherwise as for every call that sends.
    pub async fn buy(
        &self,
        request: &OrderRequest,
        at_most: u128,
    ) -> Result<Purchase, MarketError> {
        let required = required_price(&self.quote(request).await?, at_most)?;
        let receipt = match *request {
            OrderRequest::Default { redundancy, length } => {
                let (redundancy, length) = (U256::from(redundancy), U256::from(length));
                self.write(&BuyDefault { redundancy, length }, required).await?
            }
            OrderRequest::Custom(order) => self.write(&BuyOrder { order }, required).await?,
        };
        self.bought(receipt)
    }

    /// What exactly these workers would cost, by number in ascending order; or, in `reason`, why they
    /// cannot be hired. The order's redundancy must be their count; its start does not matter.
    ///
    /// # Errors
    /// [`MarketError::Node`].
    pub async fn quote_hire(&self, order: &Order, workers: &[u32]) -> Result<Quote, MarketError> {
        self.read_pending(&QuoteHire { order: *order, workers: workers.to_vec() }).await
    }

    /// Buys from exactly these workers, otherwise as [`Market::buy`].
    ///
    /// # Errors
    /// As [`Market::buy`].
    pub async fn hire(
        &self,
        order: &Order,
        workers: &[u32],
        at_most: u128,
    ) -> Result<Purchase, MarketError> {
        let required = required_price(&self.quote_hire(order, workers).await?, at_most)?;
        let call = hireCall { order: *order, workers: workers.to_vec() };
        self.bought(self.write(&call, required).await?)
    }

    /// What was bought in the transaction of this receipt, for whoever has it from
    /// [`crate::Node::resume`].
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`]; [`MarketError::EventMissing`] if it bought nothing.
    pub fn bought(&self, receipt: Receipt) -> Result<Purchase, MarketError> {
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

/// The price of a quote, if it can be bought for at most this many wei.
const fn required_price(quote: &Quote, at_most: u128) -> Result<u128, MarketError> {
    let required = quote.price;
    let reason = match quote.reason {
        Reason::None if required <= at_most => return Ok(required),
        Reason::None => Reason::ValueTooLow,
        reason => reason,
    };
    Err(MarketError::PurchaseRefused { reason, required, sent: at_most })
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, Bytes, U256};
    use alloy::sol_types::{SolCall, SolEvent};
    use muster_protocol::abi::IWorkerDispatcher::{PurchaseRefused, settingsCall};
    use muster_protocol::abi::{Clock, Quote, Reason};
    use muster_protocol::settings;

    use super::{BuyDefault, OrderRequest, QuoteDefault};
    use crate::backend::{Log, Receipt};
    use crate::error::MarketError;
    use crate::market::Market;
    use crate::mock::{MOCK_ACCOUNT, MockBackend};
    use crate::signed_tx::SignedTx;

    /// What these tests buy.
    const REQUEST: OrderRequest = OrderRequest::Default { redundancy: 1, length: 8 };

    /// A dispatcher whose quote is this reason and a price of 7 wei.
    fn dispatcher(data: &Bytes, reason: Reason) -> Bytes {
        if settingsCall::abi_decode(data).is_ok() {
            return settingsCall::abi_encode_returns(&settings::dev(Clock::Second)).into();
        }
        if BuyDefault::abi_decode(data).is_ok() {
            return BuyDefault::abi_encode_returns(&Address::repeat_byte(9)).into();
        }
        let [windows, testers] = [1, 3];
        let quote = Quote { reason, price: 7, start: 1, windows, testers, workers: vec![] };
        assert!(QuoteDefault::abi_decode(data).is_ok(), "{data}");
        QuoteDefault::abi_encode_returns(&quote).into()
    }

    /// What came of buying from that dispatcher, and how often it was sent what.
    async fn buy(reason: Reason, at_most: u128, receipt: Receipt) -> (MarketError, Vec<u128>) {
        let mut mock = MockBackend::new(move |call, _| Ok(dispatcher(&call.data, reason)));
        mock.receipt = Some(receipt);
        let (node, chain) = mock.node();
        let market = Market::open(node, Address::ZERO).await.unwrap();
        let error = market.buy(&REQUEST, at_most).await.unwrap_err();
        let sent = chain.sent.lock().unwrap().iter().map(SignedTx::value).collect();
        (error, sent)
    }

    /// The amounts of a refused purchase.
    fn refused(error: MarketError) -> (Reason, u128, u128) {
        match error {
            MarketError::PurchaseRefused { reason, required, sent } => (reason, required, sent),
            other => panic!("{other}"),
        }
    }

    #[tokio::test]
    async fn an_impossible_purchase_is_not_sent() {
        let (error, sent) = buy(Reason::NotEnoughWorkers, 100, Receipt::default()).await;
        assert_eq!(refused(error), (Reason::NotEnoughWorkers, 7, 100));
        assert!(sent.is_empty());
    }

    #[tokio::test]
    async fn a_price_above_the_limit_is_not_sent() {
        let (error, sent) = buy(Reason::None, 6, Receipt::default()).await;
        assert_eq!(refused(error), (Reason::ValueTooLow, 7, 6));
        assert!(sent.is_empty());
    }

    #[tokio::test]
    async fn a_refusal_after_sending_is_read_from_its_event() {
        let reason = Reason::NotEnoughWorkers;
        let event = PurchaseRefused { client: MOCK_ACCOUNT, reason, required: 0, sent: 7 };
        let log = Log { data: event.encode_log_data(), ..Log::default() };
        let receipt = Receipt { success: true, logs: vec![log], ..Receipt::default() };
        let (error, sent) = buy(Reason::None, 100, receipt).await;
        assert_eq!(refused(error), (Reason::NotEnoughWorkers, 0, 7));
        assert_eq!(sent, [7], "the price, not the most that was allowed");
    }

    #[tokio::test]
    async fn a_missing_event_is_an_error() {
        let receipt = Receipt { success: true, ..Receipt::default() };
        let (error, _) = buy(Reason::None, 7, receipt).await;
        assert!(matches!(error, MarketError::EventMissing("ContractBought")), "{error}");
    }

    #[test]
    fn an_order_request_has_a_length() {
        assert_eq!(REQUEST.length(), U256::from(8));
    }
}
