//! Buying: a quote, and an agreement at no more than its price.

use alloy::primitives::{Address, U256};
use muster_protocol::abi::IWorkerDispatcher::{
    ContractBought, PurchaseRefused, buyContract_0Call as BuyDefault,
    buyContract_1Call as BuyOrder, quote_0Call as QuoteDefault, quote_1Call as QuoteOrder,
};
use muster_protocol::abi::{Quote, Reason};

use super::Market;
use super::order_request::OrderRequest;
use crate::backend::Receipt;
use crate::error::MarketError;

/// An agreement that was bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The agreement's contract.
    pub agreement: Address,
    /// What was paid, in wei; the agreement holds it.
    pub escrow: u128,
    /// The workers that are to accept.
    pub workers: Vec<Address>,
    /// The transaction's receipt.
    pub receipt: Receipt,
}

impl Market {
    /// The length of an agreement in ticks: that which is wanted, or the shortest that the market sells.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// let shortest = market.agreement_length(None)?;
    /// assert_eq!(market.agreement_length(Some(shortest))?, shortest);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::LengthOutOfRange`].
    pub fn agreement_length(&self, wanted: Option<u32>) -> Result<u32, MarketError> {
        let [shortest, longest] = [self.settings().minLength, self.settings().maxAgreement];
        let length = wanted.unwrap_or(shortest);
        if (shortest..=longest).contains(&length) {
            return Ok(length);
        }
        Err(MarketError::LengthOutOfRange { length, shortest, longest })
    }

    /// The price of an order now, and the workers that would get it; or, in [`Quote::reason`], why it
    /// cannot be bought.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// use muster_client::OrderRequest;
    ///
    /// let quote = market.quote(&OrderRequest::Default { redundancy: 2, length: 60 }).await?;
    /// println!("{:?}, {} wei", quote.reason, quote.price);
    /// # Ok(())
    /// # }
    /// ```
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

    /// Buys at the current price, if it is at most `at_most` wei. With the price of a [`Market::quote`],
    /// nobody pays more than quoted. Nothing is sent if the market would refuse.
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market) -> Result<(), muster_client::MarketError> {
    /// use muster_client::{MarketError, OrderRequest};
    ///
    /// let request = OrderRequest::Default { redundancy: 2, length: 60 };
    /// match market.buy(&request, 5_000_000).await {
    ///     Ok(purchase) => println!("{} holds {} wei", purchase.agreement, purchase.escrow),
    ///     Err(MarketError::PurchaseRefused { reason, required, .. }) => println!("{reason:?}, {required} wei"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`] with the reason and the amounts, before or after sending; in both
    /// cases the value stays with the client. Those of [every transaction](Market#transactions).
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

    /// The purchase in a receipt, for one that came from [`Node::resume`](crate::Node::resume).
    ///
    /// ```no_run
    /// # async fn example(market: muster_client::Market, open: Vec<muster_client::SignedTx>)
    /// #     -> Result<(), muster_client::MarketError> {
    /// for resumed in market.node().resume(open).await {
    ///     println!("{}", market.bought(resumed.result?)?.agreement);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`MarketError::PurchaseRefused`]; [`MarketError::EventMissing`] if nothing was bought.
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
pub(super) const fn required_price(quote: &Quote, at_most: u128) -> Result<u128, MarketError> {
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
    use alloy::primitives::{Address, Bytes};
    use alloy::sol_types::{SolCall, SolEvent};
    use muster_protocol::abi::IWorkerDispatcher::{PurchaseRefused, settingsCall};
    use muster_protocol::abi::{Clock, Quote, Reason};
    use muster_protocol::settings;

    use super::{BuyDefault, QuoteDefault};
    use crate::backend::mock::{MOCK_ACCOUNT, MockBackend};
    use crate::backend::{Log, Receipt, SignedTx};
    use crate::error::MarketError;
    use crate::market::{Market, OrderRequest};

    /// The order of these tests.
    const REQUEST: OrderRequest = OrderRequest::Default { redundancy: 1, length: 8 };

    /// The output of a dispatcher whose quote has this reason and a price of 7 wei.
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

    /// Buys from that dispatcher. Returns the error, and the values of the transactions.
    async fn buy(reason: Reason, at_most: u128, receipt: Receipt) -> (MarketError, Vec<u128>) {
        let mut mock = MockBackend::new(move |call, _| Ok(dispatcher(&call.data, reason)));
        mock.receipt = Some(receipt);
        let (node, backend) = mock.node();
        let market = Market::open(node, Address::ZERO).await.unwrap();
        let error = market.buy(&REQUEST, at_most).await.unwrap_err();
        let sent = backend.sent.lock().unwrap().iter().map(SignedTx::value).collect();
        (error, sent)
    }

    /// The reason and the amounts of a refused purchase.
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
        assert_eq!(sent, [7], "the price, not the limit");
    }

    #[tokio::test]
    async fn a_missing_event_is_an_error() {
        let receipt = Receipt { success: true, ..Receipt::default() };
        let (error, _) = buy(Reason::None, 7, receipt).await;
        assert!(matches!(error, MarketError::EventMissing("ContractBought")), "{error}");
    }
}
